import { beforeEach, expect, it, vi } from 'vitest';

import * as api from '../api';
import type { HistoryEntry } from '../gen/wire';
import { CallLog } from './log.svelte';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  calls: vi.fn(),
  markCallsSeen: vi.fn(),
}));

const calls = vi.mocked(api.calls);
const markCallsSeen = vi.mocked(api.markCallsSeen);

const entry = (call: string, started_at: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  call,
  direction: 'in',
  kind: 'direct',
  video: false,
  others: [{ person: 'p', name: '陳雅婷', unit: '資訊局', line: false }],
  started_at,
  ended_at: started_at + 30,
  reason: 'no_answer',
  missed: true,
  seen: false,
  ...more,
});
const order = (log: CallLog) => log.entries.map((one) => one.call);

beforeEach(() => {
  calls.mockReset();
  markCallsSeen.mockReset();
});

async function loaded(entries: HistoryEntry[], unseen = 0, next: number | null = null): Promise<CallLog> {
  calls.mockResolvedValueOnce({ calls: entries, unseen_missed: unseen, next });
  const log = new CallLog();
  await log.load();
  return log;
}

it('takes new calls in at their place, and a changed one instead of the old', async () => {
  const log = await loaded([entry('b', 200), entry('a', 100)], 1);
  log.handle({ type: 'history.missed', data: { entry: entry('c', 300), unseen_missed: 2 } });
  log.handle({ type: 'history.added', data: { entry: entry('a', 100, { missed: false }) } });
  expect(order(log)).toEqual(['c', 'b', 'a']);
  expect(log.entries[2]?.missed).toBe(false);
  expect(log.unseen).toBe(2);
});

it('counts a missed call for the badge before the list was ever read', () => {
  const log = new CallLog();
  log.handle({ type: 'history.missed', data: { entry: entry('c', 300), unseen_missed: 3 } });
  expect(log.unseen).toBe(3);
  expect(log.entries).toEqual([]);
});

it('reads on from where the last page ended, and shows no call twice', async () => {
  const log = await loaded([entry('b', 200)], 0, 200);
  expect(log.hasMore).toBe(true);
  calls.mockResolvedValueOnce({ calls: [entry('b', 200), entry('a', 100)], unseen_missed: 0 });
  await log.loadMore();
  expect(calls.mock.lastCall).toEqual([200]);
  expect(order(log)).toEqual(['b', 'a']);
  expect(log.hasMore).toBe(false);
});

it('marks as seen up to the end of the newest call', async () => {
  const log = await loaded([entry('b', 200), entry('a', 100)], 2);
  markCallsSeen.mockResolvedValueOnce();
  await log.markSeen();
  expect(markCallsSeen).toHaveBeenCalledExactlyOnceWith(230);
  expect(log.unseen).toBe(0);
  await log.markSeen();
  expect(markCallsSeen).toHaveBeenCalledOnce();
});

it('brings the badge back when the server was not told', async () => {
  const log = await loaded([entry('a', 100)], 1);
  markCallsSeen.mockRejectedValueOnce(new Error('offline'));
  await log.markSeen();
  expect(log.unseen).toBe(1);
});

it('follows another device that has looked at the list', async () => {
  const log = await loaded([entry('b', 200), entry('a', 100)], 2);
  log.handle({ type: 'history.seen', data: { up_to: 150, unseen_missed: 1 } });
  expect(log.entries.map((one) => one.seen)).toEqual([false, true]);
  expect(log.unseen).toBe(1);
});

it('keeps the list when reading it again fails, and tells a failure of the first time', async () => {
  const log = await loaded([entry('a', 100)]);
  calls.mockRejectedValueOnce(new Error('x'));
  await log.load();
  expect(log.status).toBe('ready');
  expect(order(log)).toEqual(['a']);

  const fresh = new CallLog();
  calls.mockRejectedValueOnce(new Error('x'));
  await fresh.load();
  expect(fresh.status).toBe('failed');
});

it('drops an answer that comes after the log-out', async () => {
  const log = new CallLog();
  calls.mockResolvedValueOnce({ calls: [entry('a', 100)], unseen_missed: 1 });
  const reading = log.load();
  log.clear();
  await reading;
  expect(log.entries).toEqual([]);
  expect(log.status).toBe('idle');
});
