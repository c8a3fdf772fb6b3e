import type { Status } from './session-io';
import type { Hub } from './socket';
import { ActiveTab } from './tab';

/** What the app shows of the connection. */
export type ConnectionState =
  /** Not started: nobody is logged in. */
  | 'idle'
  | 'connecting'
  | 'online'
  /** Lost; trying again. */
  | 'reconnecting'
  /** The server refuses this client for the moment. */
  | 'refused'
  /** Another tab, or another browser that resumed the session, is in charge. */
  | 'other_tab'
  /** The log-in has ended: show the log-in page. */
  | 'logged_out';

/** A device that nobody touched for this long counts as away. */
const IDLE_MS = 5 * 60_000;
/** Activity is looked at this often at most: a moving pointer makes a hundred events a second. */
const NOTICE_MS = 5_000;
const ACTIVITY = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Keeps the connection of the logged-in person: one tab, network changes, idleness; and tells its state. */
export class Connection {
  #state = $state<ConnectionState>('idle');
  #online = $state(true);
  #everOnline = false;
  #idle = false;
  #noticedAt = 0;
  #idleTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #tab: ActiveTab;
  #stopListening: () => void = () => {};

  constructor(private readonly hub: Hub) {
    this.#tab = new ActiveTab({
      onActive: () => hub.start(),
      onPassive: () => {
        hub.stop(false);
        this.#state = 'other_tab';
      },
    });
    hub.onStatus((status) => (this.#state = this.#translate(status)));
    hub.onWelcome(() => {
      this.#everOnline = true;
      if (this.#idle) this.#tell(true);
    });
  }

  /** Reading it in a template follows it. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** What the browser says of the network; `false` is reliable, `true` is not. */
  get network(): boolean {
    return this.#online;
  }

  /** Somebody has logged in. */
  start(): void {
    this.#listen();
    void this.#tab.start();
  }

  /** "Use here": moves the connection, with its calls, to this tab. */
  useHere(): void {
    this.#tab.takeOver();
  }

  /** Somebody is about to log out: ends the session and hangs up its calls. */
  stop(): void {
    this.#stopListening();
    this.hub.stop(true);
    this.#tab.stop();
    this.#state = 'idle';
    this.#everOnline = false;
  }

  #translate(status: Status): ConnectionState {
    switch (status.name) {
      case 'online':
        return 'online';
      case 'connecting':
        return this.#everOnline ? 'reconnecting' : 'connecting';
      case 'waiting':
        return status.why === 'refused' ? 'refused' : 'reconnecting';
      case 'stopped':
        if (status.why === 'logged_out') return 'logged_out';
        return status.why === 'replaced' ? 'other_tab' : this.#state;
    }
  }

  #listen(): void {
    this.#stopListening();
    const abort = new AbortController();
    const options = { signal: abort.signal, passive: true };
    const network = (): void => {
      this.#online = navigator.onLine;
      this.hub.networkChanged();
    };
    window.addEventListener('online', network, options);
    window.addEventListener('offline', network, options);
    document.addEventListener('visibilitychange', () => this.#visibility(), options);
    for (const type of ACTIVITY) window.addEventListener(type, () => this.#active(), options);
    this.#noticedAt = -Infinity;
    this.#active();
    this.#stopListening = () => {
      abort.abort();
      if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    };
  }

  #visibility(): void {
    // A laptop that slept, or a phone that froze the page, has a socket that only looks open.
    if (document.visibilityState === 'visible') this.hub.networkChanged();
  }

  #active(): void {
    const now = performance.now();
    if (!this.#idle && now - this.#noticedAt < NOTICE_MS) return;
    this.#noticedAt = now;
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#tell(true), IDLE_MS);
    if (this.#idle) this.#tell(false);
  }

  #tell(idle: boolean): void {
    this.#idle = idle;
    // A lost report is mended by the next one; the server forgets it with the session.
    this.hub.request('presence.idle', { idle }).catch(() => {});
  }
}
