import type { EventFrame, ReplyFrame, Request, TopicHead, Welcome } from '../gen/wire';
import { reconnectDelay } from './backoff';
import { parseFrame } from './frame';
import { statusOf, type Phase } from './phase';
import { Requests, type LostReason } from './requests';
import { CloseCode } from './session-io';
import type { Connection, Durable, Input, Output, Stopped, Stored, Waiting } from './session-io';
import { Topics } from './topics';

/** Longest time for the ticket, the upgrade and the welcome, each. */
const STEP_MS = 10_000;
/** Longest wait for any sign of life after the network changed or the page came back to the front. */
const PROBE_MS = 3_000;
/** A connection that held this long was a good one: the next failure starts the waits from the shortest again. */
const STABLE_MS = 10_000;
/** The server closed for abuse (4004): the wait before the next attempt. */
const ABUSE_MS = 60_000;
/** Ids are reserved in storage by blocks: not each request writes, and another tab never repeats an id. */
const ID_BLOCK = 64;
/** Id of every `hello`: the server refuses new requests below the highest id it has seen, so this one must not grow. */
const HELLO_ID = 1;
/** Shortest heartbeat interval that is believed; a watchdog on less would cut good connections. */
const MIN_HEARTBEAT_MS = 1_000;

/**
 * The session of this device, without I/O: connects, resumes, matches replies, watches the heartbeat, and finds gaps in
 * durable topics. The shell (`socket.ts`) carries out what `handle` returns and calls it again at `deadline()`.
 */
export class Session {
  #phase: Phase = { name: 'stopped', why: 'new' };
  /** Numbers the connections, so that late news of an older one is told apart. */
  #attempt = 0;
  #failures = 0;
  #session: string | null = null;
  #person: string | null = null;
  #nextId = HELLO_ID + 1;
  #reserved = HELLO_ID + 1;
  #inCall = false;
  #heartbeatMs = MIN_HEARTBEAT_MS;
  #drainMs = 0;
  #topics = new Topics([]);
  readonly #requests = new Requests();
  #out: Output[] = [];

  constructor(
    private readonly device: string,
    private readonly random: () => number,
  ) {}

  /** Takes one input and returns what has to be done, in order. */
  handle(now: number, input: Input): Output[] {
    this.#out = [];
    if ('attempt' in input) {
      if (input.attempt === this.#attempt) this.#connection(now, input);
    } else if (input.type === 'start') {
      this.#start(now, input.stored);
    } else if (input.type === 'stop') {
      this.#stop(input.bye);
    } else if (input.type === 'request') {
      this.#request(input.key, input.request, now + input.deadlineMs);
    } else if (input.type === 'in_call') {
      this.#inCall = input.inCall;
    } else if (input.type === 'network') {
      this.#probe(now);
    }
    this.#timers(now);
    return this.#out;
  }

  /** When `handle` must be called with `tick`, or `null`. */
  deadline(): number | null {
    const own = this.#phase.name === 'stopped' ? Infinity : this.#phase.until;
    const first = Math.min(own, this.#requests.deadline());
    return first === Infinity ? null : first;
  }

  #connection(now: number, input: Connection): void {
    switch (input.type) {
      case 'ticket':
        this.#enter({ name: 'opening', until: now + STEP_MS });
        this.#out.push({ type: 'connect', attempt: this.#attempt, ticket: input.ticket });
        return;
      case 'ticket_refused':
        if (input.status === 401) this.#end('logged_out', true);
        else this.#retry(now, 'unreachable', input.retryAfterMs);
        return;
      case 'opened':
        this.#hello(now);
        return;
      case 'message':
        this.#alive(now);
        this.#frame(now, input.text);
        return;
      case 'closed':
        this.#closed(now, input.code);
    }
  }

  #start(now: number, stored: Stored | null): void {
    if (this.#phase.name !== 'stopped') return;
    this.#session = stored?.session ?? null;
    this.#person = stored?.person ?? null;
    this.#nextId = Math.max(this.#nextId, stored?.nextId ?? 1);
    this.#reserved = this.#nextId;
    this.#topics = new Topics(stored?.topics ?? []);
    this.#connect(now);
  }

  #connect(now: number): void {
    this.#attempt += 1;
    this.#drainMs = 0;
    this.#enter({ name: 'ticket', until: now + STEP_MS });
    this.#out.push({ type: 'fetch_ticket', attempt: this.#attempt });
  }

  #hello(now: number): void {
    this.#enter({ name: 'hello', until: now + STEP_MS });
    const data = { resume: this.#session, device: this.device, topics: this.#topics.positions() };
    this.#out.push({ type: 'send', text: JSON.stringify({ id: HELLO_ID, type: 'hello', data }) });
  }

  #welcome(now: number, welcome: Welcome): void {
    if (this.#person !== null && this.#person !== welcome.person) this.#topics.clear();
    this.#person = welcome.person;
    this.#session = welcome.session;
    this.#heartbeatMs = Math.max(MIN_HEARTBEAT_MS, welcome.heartbeat_ms);
    if (!welcome.resumed) this.#fail(this.#requests.loseSession(), 'session_lost');
    // Before anything that the news brings about: ids must not shrink.
    for (const frame of this.#requests.frames())
      this.#out.push({ type: 'send', text: JSON.stringify(frame) });
    this.#enter({ name: 'online', since: now, until: now + 2 * this.#heartbeatMs });
    const { resumed, person, calls } = welcome;
    this.#out.push({ type: 'welcome', resumed, person, serverTime: welcome.server_time, calls });
    this.#heads(welcome.topics, false);
    this.#persist();
  }

  #closed(now: number, code: number): void {
    if (code === CloseCode.LoggedOut) this.#end('logged_out', true);
    else if (code === CloseCode.Replaced) this.#end('replaced', false);
    else if (code === CloseCode.Abuse) this.#retry(now, 'refused', ABUSE_MS);
    else if (code === CloseCode.BadHello) {
      this.#session = null;
      this.#persist();
      this.#retry(now, 'refused', STEP_MS);
    } else this.#retry(now, 'lost', this.#drainMs);
  }

  /** Anything that comes is a sign of life. */
  #alive(now: number): void {
    if (this.#phase.name === 'online') this.#phase.until = now + 2 * this.#heartbeatMs;
  }

  #frame(now: number, text: string): void {
    const frame = parseFrame(text);
    if (frame?.kind === 'event') this.#event(frame.event);
    else if (frame?.kind === 'reply') this.#reply(now, frame.reply);
  }

  #reply(now: number, { id, ...reply }: ReplyFrame): void {
    if (reply.type === 'welcome') {
      if (id === HELLO_ID && this.#phase.name === 'hello') this.#welcome(now, reply.data);
    } else if (reply.type === 'pong') {
      this.#heads(reply.data.heads, true);
    } else if (this.#topics.answered(id)) {
      if (reply.type === 'subscribed') this.#heads(reply.data.topics, false);
    } else {
      const key = this.#requests.settle(id);
      if (key !== null) this.#out.push({ type: 'settled', key, outcome: { ok: true, reply } });
    }
  }

  #event(frame: EventFrame | Durable): void {
    if (typeof frame.seq === 'number') {
      const verdict = this.#topics.event(frame.topic, frame.seq);
      if (verdict === 'behind') this.#askForMissed(frame.topic);
      if (verdict !== 'new') return;
      this.#persist();
      this.#out.push({ type: 'event', frame });
    } else if (frame.type === 'heartbeat') {
      this.#heads(frame.data.heads, true);
    } else if (frame.type === 'resync') {
      this.#heads([{ ...frame.data.head, reset: true }], false);
    } else if (frame.type === 'drain') {
      this.#drainMs = frame.data.reconnect_after_ms;
    } else {
      this.#out.push({ type: 'event', frame });
    }
  }

  /** `live`: missing events are not on their way by themselves, as they are after `welcome` and `subscribed`. */
  #heads(heads: TopicHead[], live: boolean): void {
    for (const head of heads) {
      const verdict = this.#topics.head(head);
      if (verdict === 'behind' && live) this.#askForMissed(head.topic);
      if (verdict !== 'reset') continue;
      this.#persist();
      this.#out.push({ type: 'reset', topic: head.topic });
    }
  }

  /** Asks for the events after the position; the one that revealed the gap comes again with them. */
  #askForMissed(topic: string): void {
    if (this.#topics.asking(topic)) return;
    const id = this.#send({ type: 'subscribe', data: { topics: [this.#topics.position(topic)] } });
    this.#topics.ask(id, topic);
  }

  #request(key: number, request: Request, deadline: number): void {
    if (this.#phase.name === 'stopped') return this.#fail([key], 'stopped');
    const frame = { id: this.#takeId(), ...request };
    if (!this.#requests.add(key, frame, deadline)) return this.#fail([key], 'too_many');
    if (this.#phase.name === 'online') this.#out.push({ type: 'send', text: JSON.stringify(frame) });
  }

  #send(request: Request): number {
    const id = this.#takeId();
    this.#out.push({ type: 'send', text: JSON.stringify({ id, ...request }) });
    return id;
  }

  #fail(keys: number[], reason: LostReason): void {
    for (const key of keys) this.#out.push({ type: 'settled', key, outcome: { ok: false, reason } });
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    if (this.#nextId > this.#reserved) {
      this.#reserved = this.#nextId + ID_BLOCK;
      this.#persist();
    }
    return id;
  }

  #probe(now: number): void {
    const phase = this.#phase;
    if (phase.name === 'waiting' && phase.why !== 'refused') {
      this.#connect(now);
    } else if (phase.name === 'online') {
      this.#send({ type: 'ping', data: {} });
      phase.until = Math.min(phase.until, now + PROBE_MS);
    }
  }

  #timers(now: number): void {
    this.#fail(this.#requests.expire(now), 'timeout');
    const phase = this.#phase;
    if (phase.name === 'stopped' || phase.until > now) return;
    if (phase.name === 'waiting') this.#connect(now);
    else this.#retry(now, phase.name === 'online' ? 'lost' : 'unreachable', 0);
  }

  #retry(now: number, why: Waiting, atLeastMs: number): void {
    const phase = this.#phase;
    if (phase.name === 'online' && now - phase.since >= STABLE_MS) this.#failures = 0;
    const jitter = reconnectDelay(this.#failures, this.#inCall, this.random());
    this.#failures += 1;
    this.#drop();
    this.#enter({ name: 'waiting', until: now + atLeastMs + jitter, why });
  }

  #stop(bye: boolean): void {
    if (this.#phase.name === 'stopped') return;
    if (bye && this.#phase.name === 'online') this.#send({ type: 'bye', data: {} });
    this.#end('user', bye);
  }

  /** Another tab goes on with what is stored, so only `forget` writes to it. */
  #end(why: Stopped, forget: boolean): void {
    this.#fail(this.#requests.clear(), 'stopped');
    this.#drop();
    if (forget) {
      this.#session = null;
      this.#topics.clear();
      this.#persist();
    }
    this.#failures = 0;
    this.#enter({ name: 'stopped', why });
  }

  /** Gives up this connection; later news of it is ignored. */
  #drop(): void {
    this.#out.push({ type: 'close', attempt: this.#attempt });
    this.#attempt += 1;
    this.#topics.disconnected();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#out.push({ type: 'status', status: statusOf(phase) });
  }

  #persist(): void {
    const stored = { session: this.#session, person: this.#person, nextId: this.#reserved };
    this.#out.push({ type: 'persist', stored: { ...stored, topics: this.#topics.positions() } });
  }
}
