import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ClientFrame, Reply } from '../gen/wire';
import type { Browser, TicketResult } from './browser';
import { PresenceStore } from './presence.svelte';
import type { Stored } from './session-io';
import { Hub } from './socket';
import { ActiveTab } from './tab';

/** A WebSocket whose other end is the test. */
class FakeSocket extends EventTarget {
  readyState = 0;
  readonly frames: ClientFrame[] = [];
  closedWith: number | null = null;

  send(text: string): void {
    this.frames.push(JSON.parse(text) as ClientFrame);
  }
  close(code: number): void {
    this.closedWith = code;
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }
  hear(frame: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
  }
  reply(reply: Reply): void {
    this.hear({ id: this.frames.at(-1)!.id, ...reply });
  }
  drop(code: number): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code }));
  }
}

class FakeBrowser implements Browser {
  time = 0;
  stored: Stored | null = null;
  ticket: TicketResult = { ticket: 't' };
  readonly sockets: FakeSocket[] = [];
  timer: { at: number; call: () => void } | null = null;

  now = () => this.time;
  random = () => 0.5;
  after = (ms: number, call: () => void) => {
    const timer = { at: this.time + ms, call };
    this.timer = timer;
    return () => {
      if (this.timer === timer) this.timer = null;
    };
  };
  fetchTicket = async () => this.ticket;
  openSocket = () => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  load = () => this.stored;
  save = (stored: Stored) => (this.stored = stored);

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }
  /** Runs the timer that is set. */
  tick(): void {
    const { timer } = this;
    this.timer = null;
    this.time = timer!.at;
    timer!.call();
  }
}

const welcome: Reply = {
  type: 'welcome',
  data: {
    session: 's1',
    resumed: false,
    person: 'p1',
    server_time: 0,
    heartbeat_ms: 10_000,
    resume_window_ms: 60_000,
    topics: [],
    calls: [],
  },
};

const turn = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));

async function online(): Promise<{ browser: FakeBrowser; hub: Hub }> {
  const browser = new FakeBrowser();
  const hub = new Hub(browser, 'Test');
  hub.start();
  await turn();
  browser.socket.open();
  browser.socket.reply(welcome);
  return { browser, hub };
}

describe('Hub', () => {
  test('opens with a ticket, greets, and tells its state', async () => {
    const { browser, hub } = await online();
    expect(browser.socket.frames[0]).toMatchObject({ type: 'hello', data: { device: 'Test' } });
    expect(hub.status).toEqual({ name: 'online' });
    expect(browser.stored?.session).toBe('s1');
  });

  test('a request resolves with the data of its reply', async () => {
    const { browser, hub } = await online();
    const asked = hub.request('media.offer', { call: 'c', sdp: 'o', sends: [] });
    browser.socket.reply({ type: 'media.answer', data: { sdp: 'a' } });
    expect(await asked).toEqual({ sdp: 'a' });
  });

  test('a refusal rejects with its code and texts', async () => {
    const { browser, hub } = await online();
    const asked = hub.request('call.decline', { call: 'c' });
    browser.socket.reply({ type: 'error', data: { code: 'no_such_call', text: { zh: '沒', en: 'no' } } });
    await expect(asked).rejects.toMatchObject({ code: 'no_such_call', text: { en: 'no' } });
  });

  test('a deadline rejects', async () => {
    const { browser, hub } = await online();
    const asked = hub.request('call.decline', { call: 'c' }, 500);
    browser.tick();
    expect(browser.time).toBe(500);
    await expect(asked).rejects.toMatchObject({ code: 'timeout' });
  });

  test('events reach those who listen to their type, until they stop', async () => {
    const { browser, hub } = await online();
    const heard = vi.fn();
    const stop = hub.on('media.lost', heard);
    browser.socket.hear({ topic: 'call', type: 'media.lost', data: { call: 'c' } });
    stop();
    browser.socket.hear({ topic: 'call', type: 'media.lost', data: { call: 'd' } });
    expect(heard.mock.calls).toEqual([[{ call: 'c' }]]);
  });

  test('a topic that cannot be continued is to be read again', async () => {
    const { browser, hub } = await online();
    const reset = vi.fn();
    hub.onReset(reset);
    browser.socket.hear({
      topic: 'hub',
      type: 'resync',
      data: { head: { topic: 'city', epoch: 1, seq: 4, reset: false } },
    });
    expect(reset).toHaveBeenCalledWith('city');
  });

  test('reconnects by itself and resumes', async () => {
    const { browser, hub } = await online();
    browser.socket.drop(1006);
    expect(hub.status.name).toBe('waiting');
    browser.tick();
    await turn();
    expect(browser.sockets).toHaveLength(2);
    browser.socket.open();
    expect(browser.socket.frames[0]).toMatchObject({ type: 'hello', data: { resume: 's1' } });
  });

  test('what a listener asks for follows what was decided before', async () => {
    const { browser, hub } = await online();
    void hub.request('call.leave', { call: 'c' });
    hub.onStatus(({ name }) => name === 'online' && void hub.request('call.end', { call: 'd' }));
    browser.socket.drop(1006);
    browser.tick();
    await turn();
    browser.socket.open();
    browser.socket.reply({ ...welcome, data: { ...welcome.data, resumed: true } } as Reply);
    expect(browser.socket.frames.map((frame) => frame.type)).toEqual(['hello', 'call.leave', 'call.end']);
  });

  test('logging out says bye and closes', async () => {
    const { browser, hub } = await online();
    hub.stop(true);
    expect(browser.socket.frames.at(-1)?.type).toBe('bye');
    expect(browser.socket.closedWith).toBe(1000);
    expect(browser.stored?.session).toBeNull();
  });
});

describe('PresenceStore', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  async function watching() {
    vi.useRealTimers();
    const parts = await online();
    vi.useFakeTimers();
    return { ...parts, presence: new PresenceStore(parts.hub) };
  }
  const watched = (browser: FakeBrowser) =>
    browser.socket.frames.filter((frame) => frame.type === 'presence.watch');

  test('collects who is watched into one request, each person once', async () => {
    const { browser, presence } = await watching();
    presence.watch(['a', 'b']);
    presence.watch(['b', 'c']);
    vi.advanceTimersByTime(100);
    expect(watched(browser)).toMatchObject([{ data: { people: ['a', 'b', 'c'] } }]);
  });

  test('tells the answer and the changes, and nothing of others', async () => {
    const { browser, presence } = await watching();
    presence.watch(['a']);
    await vi.advanceTimersByTimeAsync(100);
    browser.socket.reply({ type: 'presence', data: { people: [{ person: 'a', status: 'away' }] } });
    await vi.advanceTimersByTimeAsync(0);
    expect(presence.of('a')).toBe('away');
    const people = [
      { person: 'a', status: 'in_call' },
      { person: 'x', status: 'available' },
    ];
    browser.socket.hear({ topic: 'presence', type: 'presence.changed', data: { people } });
    expect([presence.of('a'), presence.of('x')]).toEqual(['in_call', undefined]);
  });

  test('a person is forgotten when the last watcher stops', async () => {
    const { browser, presence } = await watching();
    const first = presence.watch(['a']);
    const second = presence.watch(['a']);
    first();
    first();
    vi.advanceTimersByTime(100);
    expect(watched(browser).at(-1)).toMatchObject({ data: { people: ['a'] } });
    second();
    vi.advanceTimersByTime(100);
    expect(watched(browser).at(-1)).toMatchObject({ data: { people: [] } });
  });

  test('never more than the server allows; the newest win', async () => {
    const { browser, presence } = await watching();
    presence.watch(Array.from({ length: 600 }, (_, n) => `p${n}`));
    vi.advanceTimersByTime(100);
    const frame = watched(browser).at(-1);
    expect(frame?.type === 'presence.watch' && [frame.data.people.length, frame.data.people.at(-1)]).toEqual([
      500,
      'p599',
    ]);
  });
});

/** Web Locks as far as one lock and two tabs need them. */
class FakeLocks {
  #holder: { reject: (error: Error) => void } | null = null;
  #queue: (() => void)[] = [];

  async query() {
    return { held: this.#holder ? [{ name: 'switchboard-socket' }] : [] };
  }
  request(_name: string, options: LockOptions, work: () => Promise<void> | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const holder = { reject };
        this.#holder = holder;
        void Promise.resolve(work()).then(() => {
          if (this.#holder === holder) {
            this.#holder = null;
            this.#queue.shift()?.();
          }
          resolve();
        });
      };
      if (options.steal) {
        this.#holder?.reject(new Error('stolen'));
        run();
      } else if (this.#holder) {
        this.#queue.push(run);
        options.signal?.addEventListener('abort', () => {
          this.#queue = this.#queue.filter((entry) => entry !== run);
          reject(new Error('aborted'));
        });
      } else run();
    });
  }
}

describe('ActiveTab', () => {
  function tab(locks: FakeLocks | undefined) {
    const events = { onActive: vi.fn(), onPassive: vi.fn() };
    return { events, tab: new ActiveTab(events, locks as unknown as LockManager | undefined) };
  }

  test('the first tab is active, the second passive until the first is closed', async () => {
    const locks = new FakeLocks();
    const first = tab(locks);
    const second = tab(locks);
    await first.tab.start();
    await second.tab.start();
    expect(first.events.onActive).toHaveBeenCalledOnce();
    expect(second.events.onPassive).toHaveBeenCalledOnce();
    first.tab.stop();
    await vi.waitFor(() => expect(second.events.onActive).toHaveBeenCalledOnce());
  });

  test('"use here" takes over, and gives back when that tab is closed', async () => {
    const locks = new FakeLocks();
    const first = tab(locks);
    const second = tab(locks);
    await first.tab.start();
    await second.tab.start();
    second.tab.takeOver();
    await vi.waitFor(() => expect(first.events.onPassive).toHaveBeenCalledOnce());
    expect(second.events.onActive).toHaveBeenCalledOnce();
    second.tab.stop();
    await vi.waitFor(() => expect(first.events.onActive).toHaveBeenCalledTimes(2));
  });

  test('without Web Locks every tab is active', async () => {
    const only = tab(undefined);
    await only.tab.start();
    expect(only.events.onActive).toHaveBeenCalledOnce();
  });
});
