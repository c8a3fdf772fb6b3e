import { describe, expect, test } from 'vitest';

import type { ClientFrame, Event, Reply, Request, TopicHead } from '../gen/wire';
import { MAX_PENDING } from './requests';
import { Session } from './session';
import { CloseCode, type Input, type Output, type Stored } from './session-io';

const PERSON = 'person:01';
const head = (seq: number, epoch = 7, reset = false): TopicHead => ({ topic: PERSON, epoch, seq, reset });

/** A session with a clock and a server played by the test. */
class Rig {
  now = 1_000;
  sent: ClientFrame[] = [];
  outputs: Output[] = [];
  attempt = 0;
  saved: Stored | null = null;
  readonly session = new Session('Chrome · Test', () => 0.5);

  put(input: Input): Output[] {
    const outputs = this.session.handle(this.now, input);
    for (const output of outputs) {
      if (output.type === 'fetch_ticket' || output.type === 'connect') this.attempt = output.attempt;
      if (output.type === 'send') this.sent.push(JSON.parse(output.text) as ClientFrame);
      if (output.type === 'persist') this.saved = output.stored;
    }
    this.outputs.push(...outputs);
    return outputs;
  }

  open(stored: Stored | null = null): void {
    this.put({ type: 'start', stored });
    this.reach();
  }

  /** Ticket and upgrade succeed. */
  reach(): void {
    this.put({ type: 'ticket', attempt: this.attempt, ticket: 't' });
    this.put({ type: 'opened', attempt: this.attempt });
  }

  reply(id: number, reply: Reply): Output[] {
    return this.put({ type: 'message', attempt: this.attempt, text: JSON.stringify({ id, ...reply }) });
  }

  event(topic: string, event: Event, seq?: number): Output[] {
    const text = JSON.stringify({ topic, ...(seq === undefined ? {} : { seq }), ...event });
    return this.put({ type: 'message', attempt: this.attempt, text });
  }

  durable(seq: number): Output[] {
    const text = JSON.stringify({
      topic: PERSON,
      seq,
      type: 'history.seen',
      data: { up_to: seq, unseen_missed: 0 },
    });
    return this.put({ type: 'message', attempt: this.attempt, text });
  }

  welcome(
    over: { resumed?: boolean; session?: string; person?: string; topics?: TopicHead[] } = {},
  ): Output[] {
    const hello = this.sent.at(-1)!;
    expect(hello.type).toBe('hello');
    return this.reply(hello.id, {
      type: 'welcome',
      data: {
        session: over.session ?? 's1',
        resumed: over.resumed ?? false,
        person: over.person ?? 'p1',
        server_time: 0,
        heartbeat_ms: 10_000,
        resume_window_ms: 60_000,
        topics: over.topics ?? [head(5)],
        calls: [],
      },
    });
  }

  online(): void {
    this.open();
    this.welcome();
  }

  request(key: number, request: Request, deadlineMs = 5_000): Output[] {
    return this.put({ type: 'request', key, request, deadlineMs });
  }

  close(code: number): Output[] {
    return this.put({ type: 'closed', attempt: this.attempt, code });
  }

  /** Lets the clock run to the deadline that the session asked for. */
  tick(): Output[] {
    const at = this.session.deadline();
    expect(at).not.toBeNull();
    this.now = Math.max(this.now, at!);
    return this.put({ type: 'tick' });
  }
}

const types = (outputs: Output[]): string[] => outputs.map((output) => output.type);
const status = (rig: Rig): unknown => rig.outputs.findLast((output) => output.type === 'status');

describe('opening', () => {
  test('ticket, upgrade, hello, welcome', () => {
    const rig = new Rig();
    expect(types(rig.put({ type: 'start', stored: null }))).toEqual(['status', 'fetch_ticket']);
    rig.reach();
    expect(rig.sent).toEqual([
      { id: 1, type: 'hello', data: { resume: null, device: 'Chrome · Test', topics: [] } },
    ]);
    expect(types(rig.welcome())).toContain('welcome');
    expect(status(rig)).toEqual({ type: 'status', status: { name: 'online' } });
  });

  test('a stored session is resumed with its positions, and its ids go on', () => {
    const rig = new Rig();
    const topics = [{ topic: PERSON, epoch: 7, seq: 4 }];
    rig.open({ session: 's0', person: 'p1', nextId: 65, topics });
    expect(rig.sent).toEqual([
      { id: 1, type: 'hello', data: { resume: 's0', device: 'Chrome · Test', topics } },
    ]);
    const outputs = rig.welcome({ resumed: true, session: 's0' });
    expect(types(outputs)).not.toContain('reset');
    expect(types(rig.durable(5))).toContain('event');
  });

  test("another person's positions are of no use", () => {
    const rig = new Rig();
    rig.open({ session: 's0', person: 'p0', nextId: 2, topics: [{ topic: 'city', epoch: 1, seq: 3 }] });
    rig.welcome();
    expect(rig.saved?.topics).toEqual([{ topic: PERSON, epoch: 7, seq: 5 }]);
  });

  test.each(['ticket', 'opening', 'hello'])('a %s that hangs is given up after its deadline', (step) => {
    const rig = new Rig();
    rig.put({ type: 'start', stored: null });
    if (step !== 'ticket') rig.put({ type: 'ticket', attempt: rig.attempt, ticket: 't' });
    if (step === 'hello') rig.put({ type: 'opened', attempt: rig.attempt });
    const outputs = rig.tick();
    expect(types(outputs)).toEqual(['close', 'status']);
    expect(status(rig)).toMatchObject({ status: { name: 'waiting', why: 'unreachable' } });
    expect(types(rig.tick())).toContain('fetch_ticket');
  });

  test('without a log-in it stops', () => {
    const rig = new Rig();
    rig.put({ type: 'start', stored: null });
    rig.put({ type: 'ticket_refused', attempt: rig.attempt, status: 401, retryAfterMs: 0 });
    expect(status(rig)).toEqual({ type: 'status', status: { name: 'stopped', why: 'logged_out' } });
    expect(rig.session.deadline()).toBeNull();
  });

  test('waits as long as the server asks for', () => {
    const rig = new Rig();
    rig.put({ type: 'start', stored: null });
    rig.put({ type: 'ticket_refused', attempt: rig.attempt, status: 429, retryAfterMs: 20_000 });
    expect(rig.session.deadline()).toBeGreaterThanOrEqual(rig.now + 20_000);
  });

  test('late news of an older connection is ignored', () => {
    const rig = new Rig();
    rig.open();
    const old = rig.attempt;
    rig.close(1006);
    rig.tick();
    expect(rig.put({ type: 'closed', attempt: old, code: CloseCode.LoggedOut })).toEqual([]);
    expect(rig.put({ type: 'message', attempt: old, text: '{"id":1,"type":"welcome","data":{}}' })).toEqual(
      [],
    );
  });
});

describe('requests', () => {
  test('a reply finds its request', () => {
    const rig = new Rig();
    rig.online();
    rig.request(40, { type: 'call.leave', data: { call: 'c' } });
    const { id } = rig.sent.at(-1)!;
    expect(rig.reply(id, { type: 'ok', data: {} })).toContainEqual({
      type: 'settled',
      key: 40,
      outcome: { ok: true, reply: { type: 'ok', data: {} } },
    });
    expect(types(rig.reply(id, { type: 'ok', data: {} }))).not.toContain('settled');
  });

  test('sent again with the same id after a resume', () => {
    const rig = new Rig();
    rig.online();
    rig.request(1, {
      type: 'call.start',
      data: { to: ['p2'], numbers: [], sources: { mic: true, camera: false, screen: false } },
    });
    const first = rig.sent.at(-1)!;
    rig.close(1006);
    rig.tick();
    rig.reach();
    expect(rig.sent.at(-1)).toMatchObject({ type: 'hello', data: { resume: 's1' } });
    rig.welcome({ resumed: true });
    expect(rig.sent.at(-1)).toEqual(first);
  });

  test('ids only grow on a resumed session: what waits goes out before anything newer', () => {
    const rig = new Rig();
    rig.online();
    rig.request(1, { type: 'call.add', data: { call: 'c', people: ['p3'], numbers: [] } });
    rig.close(1006);
    rig.request(2, { type: 'call.add', data: { call: 'c', people: ['p4'], numbers: [] } });
    rig.tick();
    rig.reach();
    const hello = rig.sent.at(-1)!;
    const outputs = types(rig.welcome({ resumed: true }));
    expect(outputs.lastIndexOf('send')).toBeLessThan(outputs.indexOf('status'));
    const ids = rig.sent.slice(-2).map((frame) => frame.id);
    expect(hello.id).toBeLessThan(ids[0]!);
    expect(ids[0]).toBeLessThan(ids[1]!);
  });

  test('in a new session only what may happen twice is sent again', () => {
    const rig = new Rig();
    rig.online();
    rig.request(1, { type: 'call.add', data: { call: 'c', people: ['p3'], numbers: [] } });
    rig.request(2, { type: 'call.leave', data: { call: 'c' } });
    rig.close(1006);
    rig.tick();
    rig.reach();
    const outputs = rig.welcome({ session: 's2' });
    expect(outputs).toContainEqual({
      type: 'settled',
      key: 1,
      outcome: { ok: false, reason: 'session_lost' },
    });
    expect(rig.sent.at(-1)?.type).toBe('call.leave');
  });

  test('a request made while offline waits for the connection, up to its deadline', () => {
    const rig = new Rig();
    rig.online();
    rig.close(1006);
    rig.request(1, { type: 'call.decline', data: { call: 'c' } }, 100);
    expect(rig.sent.at(-1)?.type).toBe('hello');
    rig.now += 100;
    expect(rig.put({ type: 'tick' })).toContainEqual({
      type: 'settled',
      key: 1,
      outcome: { ok: false, reason: 'timeout' },
    });
  });

  test('too many at once are refused, not queued', () => {
    const rig = new Rig();
    rig.online();
    for (let key = 0; key < MAX_PENDING; key++) rig.request(key, { type: 'ping', data: {} });
    expect(rig.request(999, { type: 'ping', data: {} })).toContainEqual({
      type: 'settled',
      key: 999,
      outcome: { ok: false, reason: 'too_many' },
    });
  });

  test('ids are reserved in blocks, before they are used', () => {
    const rig = new Rig();
    rig.online();
    for (let key = 0; key < 200; key++) {
      rig.request(key, { type: 'call.leave', data: { call: 'c' } });
      const { id } = rig.sent.at(-1)!;
      expect(rig.saved!.nextId).toBeGreaterThan(id);
      rig.reply(id, { type: 'ok', data: {} });
    }
  });
});

describe('staying alive', () => {
  test('silence for two heartbeats means reconnect and resume', () => {
    const rig = new Rig();
    rig.online();
    expect(rig.session.deadline()).toBe(rig.now + 20_000);
    rig.now += 15_000;
    rig.event('hub', { type: 'heartbeat', data: { server_time: 0, heads: [head(5)] } });
    expect(rig.session.deadline()).toBe(rig.now + 20_000);
    expect(types(rig.tick())).toEqual(['close', 'status']);
    rig.tick();
    rig.reach();
    expect(rig.sent.at(-1)).toMatchObject({ type: 'hello', data: { resume: 's1' } });
  });

  test('a change of network probes the connection within seconds', () => {
    const rig = new Rig();
    rig.online();
    rig.put({ type: 'network' });
    expect(rig.sent.at(-1)?.type).toBe('ping');
    expect(rig.session.deadline()).toBe(rig.now + 3_000);
    rig.reply(rig.sent.at(-1)!.id, { type: 'pong', data: { heads: [head(5)] } });
    expect(rig.session.deadline()).toBe(rig.now + 20_000);
  });

  test('a change of network ends a wait', () => {
    const rig = new Rig();
    rig.online();
    rig.close(1006);
    expect(types(rig.put({ type: 'network' }))).toContain('fetch_ticket');
  });

  test('waits grow, and start anew after a connection that held', () => {
    const rig = new Rig();
    rig.online();
    const waits: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      rig.close(1006);
      waits.push(rig.session.deadline()! - rig.now);
      rig.tick();
    }
    expect(waits).toEqual([250, 500, 1000, 2000]);
    rig.reach();
    rig.welcome({ resumed: true });
    rig.now += 15_000;
    rig.close(1006);
    expect(rig.session.deadline()! - rig.now).toBe(250);
  });

  test('in a call the waits stay short', () => {
    const rig = new Rig();
    rig.online();
    rig.put({ type: 'in_call', inCall: true });
    for (let failure = 0; failure < 10; failure++) {
      rig.close(1006);
      expect(rig.session.deadline()! - rig.now).toBeLessThanOrEqual(4_000);
      rig.tick();
    }
  });
});

describe('close codes', () => {
  test.each([
    [CloseCode.LoggedOut, 'logged_out'],
    [CloseCode.Replaced, 'replaced'],
  ])('%i stops', (code, why) => {
    const rig = new Rig();
    rig.online();
    rig.request(1, { type: 'call.leave', data: { call: 'c' } });
    expect(rig.close(code)).toContainEqual({
      type: 'settled',
      key: 1,
      outcome: { ok: false, reason: 'stopped' },
    });
    expect(status(rig)).toEqual({ type: 'status', status: { name: 'stopped', why } });
    expect(rig.session.deadline()).toBeNull();
  });

  test('a replaced socket leaves the stored session to the one in its place', () => {
    const rig = new Rig();
    rig.online();
    expect(types(rig.close(CloseCode.Replaced))).not.toContain('persist');
  });

  test('the end of the log-in forgets the session', () => {
    const rig = new Rig();
    rig.online();
    rig.close(CloseCode.LoggedOut);
    expect(rig.saved).toMatchObject({ session: null, topics: [] });
  });

  test('abuse waits a minute, whatever the network does', () => {
    const rig = new Rig();
    rig.online();
    rig.close(CloseCode.Abuse);
    expect(rig.session.deadline()! - rig.now).toBeGreaterThanOrEqual(60_000);
    expect(types(rig.put({ type: 'network' }))).not.toContain('fetch_ticket');
  });

  test('a refused hello is not repeated with the same session', () => {
    const rig = new Rig();
    rig.open({ session: 's0', person: 'p1', nextId: 2, topics: [] });
    rig.close(CloseCode.BadHello);
    rig.tick();
    rig.reach();
    expect(rig.sent.at(-1)).toMatchObject({ data: { resume: null } });
  });

  test('a drained server is given the time that it asked for', () => {
    const rig = new Rig();
    rig.online();
    rig.event('hub', { type: 'drain', data: { reconnect_after_ms: 2_000 } });
    rig.close(CloseCode.GoingAway);
    expect(rig.session.deadline()! - rig.now).toBeGreaterThanOrEqual(2_000);
  });

  test('bye is said, and the session is not resumed', () => {
    const rig = new Rig();
    rig.online();
    const outputs = rig.put({ type: 'stop', bye: true });
    expect(rig.sent.at(-1)?.type).toBe('bye');
    expect(types(outputs).indexOf('send')).toBeLessThan(types(outputs).indexOf('close'));
    expect(rig.saved?.session).toBeNull();
  });
});

describe('durable topics', () => {
  test('in order, each once', () => {
    const rig = new Rig();
    rig.online();
    expect(types(rig.durable(6))).toContain('event');
    expect(types(rig.durable(6))).not.toContain('event');
    expect(rig.saved?.topics).toEqual([{ topic: PERSON, epoch: 7, seq: 6 }]);
  });

  test('a gap is asked for once and filled in order', () => {
    const rig = new Rig();
    rig.online();
    expect(types(rig.durable(8))).not.toContain('event');
    const ask = rig.sent.at(-1)!;
    expect(ask).toMatchObject({ type: 'subscribe', data: { topics: [{ topic: PERSON, epoch: 7, seq: 5 }] } });
    rig.durable(9);
    expect(rig.sent.at(-1)).toBe(ask);
    rig.reply(ask.id, { type: 'subscribed', data: { topics: [head(9)] } });
    for (const seq of [6, 7, 8, 9]) expect(types(rig.durable(seq))).toContain('event');
  });

  test('a heartbeat with a higher head reveals a gap', () => {
    const rig = new Rig();
    rig.online();
    rig.event('hub', { type: 'heartbeat', data: { server_time: 0, heads: [head(6)] } });
    expect(rig.sent.at(-1)?.type).toBe('subscribe');
  });

  test('a heartbeat that was overtaken by an event is not a reset', () => {
    const rig = new Rig();
    rig.online();
    rig.durable(6);
    const outputs = rig.event('hub', { type: 'heartbeat', data: { server_time: 0, heads: [head(5)] } });
    expect(types(outputs)).toEqual([]);
  });

  test.each<[string, Event]>([
    ['another epoch', { type: 'heartbeat', data: { server_time: 0, heads: [head(2, 8)] } }],
    ['resync', { type: 'resync', data: { head: head(40) } }],
    ['a reset head', { type: 'heartbeat', data: { server_time: 0, heads: [head(40, 7, true)] } }],
  ])('%s: read again over HTTP and go on from the head', (_name, event) => {
    const rig = new Rig();
    rig.online();
    const outputs = rig.event('hub', event);
    expect(outputs).toContainEqual({ type: 'reset', topic: PERSON });
    expect(
      types(rig.durable(event.type === 'heartbeat' && event.data.heads[0]!.seq === 2 ? 3 : 41)),
    ).toContain('event');
  });
});

test.each(['', 'nonsense', '[]', 'null', '{"id":3}', '{"id":99,"type":"ok","data":{}}', '{"type":"x"}'])(
  'a frame that makes no sense is harmless: %s',
  (text) => {
    const rig = new Rig();
    rig.online();
    expect(rig.put({ type: 'message', attempt: rig.attempt, text })).toEqual([]);
  },
);
