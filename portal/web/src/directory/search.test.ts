import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import * as api from '../api';
import { PeopleSearch } from './search.svelte';

vi.mock('../api', async (original) => ({ ...(await original<typeof api>()), search: vi.fn() }));

const search = vi.mocked(api.search);
const nothing = { hits: [], more: false };

beforeEach(() => {
  vi.useFakeTimers();
  search.mockReset();
});
afterEach(() => vi.useRealTimers());

it('asks once for a burst of letters, with the tier', async () => {
  search.mockResolvedValue(nothing);
  const people = new PeopleSearch();
  for (const text of ['主', '主任', ' 主任 ']) people.change(text, 'unit-1');
  expect(people.state.name).toBe('searching');
  await vi.runAllTimersAsync();
  expect(search).toHaveBeenCalledOnce();
  expect(search.mock.lastCall?.slice(0, 2)).toEqual(['主任', 'unit-1']);
  expect(people.state).toEqual({ name: 'found', query: '主任', result: nothing, stale: false });
});

it('cancels a search that is overtaken and keeps the old result meanwhile', async () => {
  const people = new PeopleSearch();
  search.mockResolvedValueOnce(nothing);
  people.change('陳', undefined);
  await vi.runAllTimersAsync();

  let signal: AbortSignal | undefined;
  search.mockImplementationOnce((_q, _unit, options) => {
    signal = options?.signal;
    return new Promise((_resolve, reject) =>
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
    );
  });
  people.change('陳雅', undefined);
  await vi.runAllTimersAsync();
  expect(people.state).toMatchObject({ name: 'found', query: '陳', stale: true });

  search.mockResolvedValueOnce({ hits: [], more: true });
  people.change('陳雅婷', undefined);
  expect(signal?.aborted).toBe(true);
  await vi.runAllTimersAsync();
  expect(people.state).toMatchObject({ query: '陳雅婷', stale: false, result: { more: true } });
});

it('goes back to nothing when the field is emptied', async () => {
  search.mockResolvedValue(nothing);
  const people = new PeopleSearch();
  people.change('陳', undefined);
  people.change('   ', undefined);
  await vi.runAllTimersAsync();
  expect(search).not.toHaveBeenCalled();
  expect(people.state).toEqual({ name: 'idle' });
});

it('tells a failure', async () => {
  search.mockRejectedValue(new Error('x'));
  const people = new PeopleSearch();
  people.change('陳', undefined);
  await vi.runAllTimersAsync();
  expect(people.state.name).toBe('failed');
});
