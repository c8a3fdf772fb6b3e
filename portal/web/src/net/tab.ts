/** One tab of a browser holds the socket; the others wait or take over. */

const LOCK = 'switchboard-socket';

/** What the lock tells. */
export interface TabEvents {
  /** This tab may connect. */
  onActive(): void;
  /** Another tab holds the socket, at the start or because it took over. */
  onPassive(): void;
}

/**
 * Holds a Web Lock while this tab is the active one. A passive tab queues for it, so it becomes active by itself when
 * the other is closed. Browsers without Web Locks (insecure pages) make every tab active; the server then keeps the
 * newest socket of the session.
 */
export class ActiveTab {
  #release: (() => void) | null = null;
  #stopped = false;
  #queue: AbortController | null = null;

  constructor(
    private readonly events: TabEvents,
    private readonly locks: LockManager | undefined = navigator.locks,
  ) {}

  /** Asks for the lock; tells `onPassive` when another tab has it. */
  async start(): Promise<void> {
    this.#stopped = false;
    const locks = this.locks;
    if (!locks) return this.events.onActive();
    const held = await locks.query();
    if (held.held?.some((lock) => lock.name === LOCK)) this.events.onPassive();
    this.#wait();
  }

  /** "Use here": takes the lock away from the tab that holds it. */
  takeOver(): void {
    this.#queue?.abort();
    if (this.locks) void this.#hold(this.locks, { steal: true });
    else this.events.onActive();
  }

  /** Gives the lock back, for instance at log-out. */
  stop(): void {
    this.#stopped = true;
    this.#queue?.abort();
    this.#release?.();
    this.#release = null;
  }

  #wait(): void {
    if (!this.locks) return;
    this.#queue = new AbortController();
    void this.#hold(this.locks, { signal: this.#queue.signal });
  }

  async #hold(locks: LockManager, options: LockOptions): Promise<void> {
    let held = false;
    try {
      await locks.request(LOCK, options, () => {
        if (this.#stopped) return undefined;
        held = true;
        this.events.onActive();
        return new Promise<void>((resolve) => (this.#release = resolve));
      });
    } catch {
      // Aborted while waiting, or stolen by another tab while held.
      if (!held || this.#stopped) return;
      this.#release = null;
      this.events.onPassive();
      this.#wait();
    }
  }
}
