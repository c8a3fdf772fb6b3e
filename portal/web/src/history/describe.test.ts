import { expect, it } from 'vitest';

import type { HistoryEntry } from '../api';
import { frequent, isUnseen, talked, tell } from './describe';

const call = (more: Partial<HistoryEntry>): HistoryEntry => ({
  call: 'c',
  direction: 'in',
  kind: 'direct',
  video: false,
  others: [{ person: 'p', name: '陳雅婷', unit: '資訊局' }],
  started_at: 1000,
  ended_at: 5000,
  reason: 'ended',
  missed: false,
  seen: true,
  ...more,
});
const running = () => call({ answered_at: 2000, ended_at: null, reason: null });
const key = (more: Partial<HistoryEntry>) => tell(call(more)).key;

it('tells apart what became of calls to me', () => {
  expect(tell(call({ missed: true, reason: 'no_answer' }))).toMatchObject({
    key: 'history.kind.missed',
    alarm: true,
  });
  expect(key({ answered_at: 2000 })).toBe('history.kind.incoming');
  expect(key({ reason: 'declined_elsewhere' })).toBe('history.kind.declined');
  expect(key({ reason: 'answered_elsewhere' })).toBe('history.kind.elsewhere');
});

it('tells apart what became of calls that I made', () => {
  const out = (more: Partial<HistoryEntry>) => key({ direction: 'out', ...more });
  expect(out({ reason: 'busy' })).toBe('history.kind.out_busy');
  expect(out({ reason: 'declined' })).toBe('history.kind.out_declined');
  expect(out({ reason: 'no_answer' })).toBe('history.kind.out_no_answer');
  expect(out({ reason: 'cancelled' })).toBe('history.kind.out_cancelled');
  expect(out({ reason: 'unreachable' })).toBe('history.kind.out_unreachable');
  expect(out({ reason: 'number_unknown' })).toBe('history.kind.out_number_unknown');
  expect(out({ reason: 'line_down' })).toBe('history.kind.out_line_down');
  expect(out({ reason: 'failed' })).toBe('history.kind.failed');
  expect(out({ reason: 'failed', answered_at: 2000 })).toBe('history.kind.outgoing');
});

it('knows a call that still runs', () => {
  expect(tell(running()).key).toBe('history.running');
});

it('measures the talk from the answer on', () => {
  expect(talked(call({ answered_at: 2000 }))).toBe(3000);
  expect(talked(call({}))).toBe(0);
  expect(talked(running())).toBe(0);
});

it('counts a missed call as unseen until it was looked at', () => {
  expect(isUnseen(call({ missed: true, seen: false }))).toBe(true);
  expect(isUnseen(call({ missed: true, seen: true }))).toBe(false);
  expect(isUnseen(call({ missed: false, seen: false }))).toBe(false);
});

it('finds whom one calls most, the recent one first where equal', () => {
  const person = (id: string) => ({ person: id, name: id, unit: '', line: false });
  const entries = [['b'], ['a', 'c'], ['a']].map((ids) => call({ others: ids.map(person) }));
  expect(frequent(entries, 2).map((one) => one.id)).toEqual(['a', 'b']);
  expect(frequent([], 2)).toEqual([]);
});
