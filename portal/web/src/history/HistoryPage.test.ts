import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import * as api from '../api';
import type { HistoryEntry } from '../gen/wire';
import * as dialing from '../app/dial';
import { setLanguage } from '../i18n';
import HistoryPage from './HistoryPage.svelte';
import { callLog } from './log.svelte';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  calls: vi.fn(),
  markCallsSeen: vi.fn().mockResolvedValue(undefined),
}));
vi.mock('../app/dial', () => ({ dialAll: vi.fn() }));

const entry = (call: string, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  call,
  direction: 'in',
  kind: 'direct',
  video: false,
  others: [{ person: `person-${call}`, name: `同仁${call}`, unit: '資訊局', line: false }],
  started_at: 1_000_000 + Number(call),
  ended_at: 2_000_000,
  reason: 'no_answer',
  missed: true,
  seen: false,
  ...more,
});

async function logHas(...entries: HistoryEntry[]) {
  const unseen = entries.filter((one) => one.missed && !one.seen).length;
  vi.mocked(api.calls).mockResolvedValueOnce({ calls: entries, unseen_missed: unseen });
  await callLog.load();
}

beforeEach(() => {
  setLanguage('zh');
  callLog.clear();
  vi.clearAllMocks();
});
afterEach(cleanup);

const rows = () => screen.queryAllByTestId('call-row');

it('shows all calls, or those that were missed', async () => {
  await logHas(entry('2'), entry('1', { missed: false, direction: 'out', answered_at: 1_500_000 }));
  const { rerender } = render(HistoryPage, { filter: 'all' });
  expect(rows()).toHaveLength(2);
  await rerender({ filter: 'missed' });
  expect(rows()).toHaveLength(1);
  expect(rows()[0]?.textContent).toContain('未接來電');
});

it('tells the server that missed calls are seen, and keeps their mark on the page', async () => {
  await logHas(entry('1'));
  render(HistoryPage, { filter: 'all' });
  await vi.waitFor(() => expect(api.markCallsSeen).toHaveBeenCalledOnce());
  callLog.handle({ type: 'history.seen', data: { up_to: 2_000_000, unseen_missed: 0 } });
  await vi.waitFor(() => expect(callLog.entries[0]?.seen).toBe(true));
  expect(screen.getByText('新')).toBeTruthy();
});

it('takes a call in that comes while the page is open', async () => {
  await logHas(entry('1', { seen: true }));
  render(HistoryPage, { filter: 'all' });
  callLog.handle({ type: 'history.missed', data: { entry: entry('2'), unseen_missed: 1 } });
  await vi.waitFor(() => expect(rows()).toHaveLength(2));
  expect(rows()[0]?.textContent).toContain('同仁2');
});

it('calls everybody of the call back, by voice or video', async () => {
  const others = ['a', 'b'].map((person) => ({ person, name: person, unit: '', line: false }));
  await logHas(entry('1', { kind: 'group', others }));
  render(HistoryPage, { filter: 'all' });
  await fireEvent.click(screen.getByTestId('call-back'));
  await fireEvent.click(screen.getByTestId('video-back'));
  expect(vi.mocked(dialing.dialAll).mock.calls).toEqual([
    [{ people: ['a', 'b'], numbers: [] }, false],
    [{ people: ['a', 'b'], numbers: [] }, true],
  ]);
});

it('calls a telephone back by its number, and offers no video', async () => {
  const line = { person: 'l', name: '一樓服務臺', unit: '', line: true, number: '1001' };
  await logHas(entry('1', { others: [line] }));
  render(HistoryPage, { filter: 'all' });
  expect(screen.getByTestId('call-row').textContent).toContain('1001');
  expect(screen.queryByTestId('video-back')).toBeNull();
  await fireEvent.click(screen.getByTestId('call-back'));
  expect(vi.mocked(dialing.dialAll)).toHaveBeenLastCalledWith({ people: [], numbers: ['1001'] }, false);
});

it('has words for an empty list and for a failed one', async () => {
  await logHas();
  const { rerender } = render(HistoryPage, { filter: 'all' });
  expect(screen.getByTestId('no-calls').textContent).toContain('還沒有通話紀錄');
  await rerender({ filter: 'missed' });
  expect(screen.getByTestId('no-calls').textContent).toContain('沒有未接來電');
  cleanup();

  callLog.clear();
  vi.mocked(api.calls)
    .mockRejectedValueOnce(new Error('x'))
    .mockResolvedValueOnce({ calls: [entry('9')], unseen_missed: 0 });
  await callLog.load();
  render(HistoryPage, { filter: 'all' });
  await fireEvent.click(screen.getByTestId('retry'));
  await vi.waitFor(() => expect(rows()).toHaveLength(1));
});
