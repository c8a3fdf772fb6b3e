import type { CallView, ChannelEvent, Event, Reply, Request } from '../gen/wire';
import { realBrowser, type Browser } from './browser';
import { deviceName } from './device-name';
import { HubError } from './errors';
import type { Outcome } from './requests';
import type { Output, Status } from './session-io';
import { Session } from './session';

/** Longest wait for a reply, time without a connection included. */
const DEADLINE_MS = 10_000;

type RequestType = Request['type'];
type DataOf<T extends RequestType> = Extract<Request, { type: T }>['data'];
type CallRequests =
  'call.start' | 'call.answer' | 'call.hold' | 'call.add' | 'call.join' | 'call.take' | 'call.transfer';

/** Which reply belongs to a request. */
type ReplyType<T extends RequestType> = T extends CallRequests
  ? 'call'
  : T extends 'media.offer'
    ? 'media.answer'
    : T extends 'presence.watch'
      ? 'presence'
      : 'ok';
type ReplyOf<T extends RequestType> = Extract<Reply, { type: ReplyType<T> }>['data'];

/** Every event that listeners can hear: those of signaling and the channel events of the durable topics. */
export type HubEvent = Event | ChannelEvent;
type HubEventOf<T extends HubEvent['type']> = Extract<HubEvent, { type: T }>['data'];

/** The session is open, anew or again. */
export interface WelcomeNews {
  resumed: boolean;
  person: string;
  /** UTC milliseconds of the server. */
  serverTime: number;
  /** All running calls of this person. */
  calls: CallView[];
}

/** The one WebSocket of this device. Carries out what `Session` decides. */
export class Hub {
  readonly #session: Session;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  readonly #events = new Map<string, Set<(data: never) => void>>();
  readonly #resets = new Set<(topic: string) => void>();
  readonly #welcomes = new Set<(news: WelcomeNews) => void>();
  readonly #statuses = new Set<(status: Status) => void>();
  #status: Status = { name: 'stopped', why: 'new' };
  readonly #queue: Output[] = [];
  #draining = false;
  #nextKey = 1;
  #socket: WebSocket | null = null;
  #ticket: AbortController | null = null;
  #cancelTimer: () => void = () => {};

  constructor(
    private readonly browser: Browser = realBrowser,
    device = deviceName(navigator.userAgent),
  ) {
    this.#session = new Session(device, () => browser.random());
  }

  get status(): Status {
    return this.#status;
  }

  /** Connects and stays connected until `stop`, the end of the log-in, or another socket in our place. */
  start(): void {
    this.#handle({ type: 'start', stored: this.browser.load() });
  }

  /** Disconnects. With `bye` the session ends for good and its calls are hung up: for logging out. */
  stop(bye: boolean): void {
    this.#handle({ type: 'stop', bye });
  }

  /** The network or the visibility of the page changed: checks the connection, or tries again at once. */
  networkChanged(): void {
    this.#handle({ type: 'network' });
  }

  /** A call runs on this device: reconnecting is urgent. */
  setInCall(inCall: boolean): void {
    this.#handle({ type: 'in_call', inCall });
  }

  /**
   * Sends a request and waits for its reply, over reconnects too.
   *
   * @throws HubError when the server refuses, the deadline passes, or the session is lost
   */
  async request<T extends RequestType>(
    type: T,
    data: DataOf<T>,
    deadlineMs = DEADLINE_MS,
  ): Promise<ReplyOf<T>> {
    const key = this.#nextKey++;
    const settled = new Promise<Outcome>((resolve) => this.#waiting.set(key, resolve));
    this.#handle({ type: 'request', key, request: { type, data } as Request, deadlineMs });
    const outcome = await settled;
    if (!outcome.ok) throw HubError.lost(outcome.reason);
    if (outcome.reply.type === 'error') throw HubError.refused(outcome.reply.data);
    return outcome.reply.data as ReplyOf<T>;
  }

  /** Hears events of one type; returns what stops it. */
  on<T extends HubEvent['type']>(type: T, listener: (data: HubEventOf<T>) => void): () => void {
    const listeners = this.#events.get(type) ?? new Set();
    this.#events.set(type, listeners);
    return register(listeners, listener as (data: never) => void);
  }

  /** Hears when events of a durable topic were lost to this client: read its state again over HTTP. */
  onReset(listener: (topic: string) => void): () => void {
    return register(this.#resets, listener);
  }

  /** Hears each opening of the session, with the snapshot of all running calls. */
  onWelcome(listener: (news: WelcomeNews) => void): () => void {
    return register(this.#welcomes, listener);
  }

  /** Hears changes of the connection. */
  onStatus(listener: (status: Status) => void): () => void {
    return register(this.#statuses, listener);
  }

  #handle(input: Parameters<Session['handle']>[1]): void {
    this.#queue.push(...this.#session.handle(this.browser.now(), input));
    // A listener may ask for something while it hears the news; that comes after what was decided before it.
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let output = this.#queue.shift(); output; output = this.#queue.shift()) this.#carryOut(output);
    } finally {
      this.#draining = false;
    }
    this.#cancelTimer();
    const deadline = this.#session.deadline();
    if (deadline === null) return;
    const wait = Math.max(0, deadline - this.browser.now());
    this.#cancelTimer = this.browser.after(wait, () => this.#handle({ type: 'tick' }));
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'fetch_ticket':
        void this.#fetchTicket(output.attempt);
        return;
      case 'connect':
        this.#open(output.attempt, output.ticket);
        return;
      case 'send':
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(output.text);
        return;
      case 'close':
        this.#close();
        return;
      case 'settled':
        this.#waiting.get(output.key)?.(output.outcome);
        this.#waiting.delete(output.key);
        return;
      case 'welcome':
        for (const listener of [...this.#welcomes]) listener(output);
        return;
      case 'event':
        for (const listener of [...(this.#events.get(output.frame.type) ?? [])])
          listener(output.frame.data as never);
        return;
      case 'reset':
        for (const listener of [...this.#resets]) listener(output.topic);
        return;
      case 'status':
        this.#status = output.status;
        for (const listener of [...this.#statuses]) listener(output.status);
        return;
      case 'persist':
        this.browser.save(output.stored);
    }
  }

  async #fetchTicket(attempt: number): Promise<void> {
    const abort = new AbortController();
    this.#ticket = abort;
    const result = await this.browser.fetchTicket(abort.signal);
    if ('ticket' in result) this.#handle({ type: 'ticket', attempt, ...result });
    else this.#handle({ type: 'ticket_refused', attempt, ...result });
  }

  #open(attempt: number, ticket: string): void {
    const socket = this.browser.openSocket(ticket);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#handle({ type: 'opened', attempt }));
    socket.addEventListener('close', (event) => this.#handle({ type: 'closed', attempt, code: event.code }));
    socket.addEventListener('message', (event) => {
      if (typeof event.data === 'string') this.#handle({ type: 'message', attempt, text: event.data });
    });
  }

  #close(): void {
    this.#ticket?.abort();
    this.#ticket = null;
    this.#socket?.close(1000);
    this.#socket = null;
  }
}

function register<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}
