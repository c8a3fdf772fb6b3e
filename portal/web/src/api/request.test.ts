import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import * as api from './index';
import { ApiError } from './index';
import { get, isAbort, onNotLoggedIn, send } from './request';

const fetchMock = vi.fn<typeof fetch>();

beforeEach(() => {
  vi.useFakeTimers();
  fetchMock.mockReset();
  vi.stubGlobal('fetch', fetchMock);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  onNotLoggedIn(() => {});
});

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const refusal = (code: string, status: number, more: object = {}) =>
  json({ code, text: { zh: '不行', en: 'No' }, ...more }, status);

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const settled = promise.then(
    () => new Error('succeeded'),
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  const error = await settled;
  if (!(error instanceof ApiError)) throw error;
  return error;
}

it('builds the query, leaves out what is not given, and reads the answer', async () => {
  fetchMock.mockResolvedValue(json({ hits: [], more: false }));
  await expect(api.search('主任', undefined)).resolves.toEqual({ hits: [], more: false });
  expect(fetchMock.mock.calls[0]?.[0]).toBe('/api/search?q=%E4%B8%BB%E4%BB%BB&limit=50');
});

it('reads the error envelope with both texts and the time to wait', async () => {
  fetchMock.mockResolvedValue(refusal('too_many_attempts', 429, { retry_after_ms: 5000 }));
  const error = await failure(api.logIn('a', 'b'));
  expect(error).toMatchObject({ code: 'too_many_attempts', status: 429, retryAfterMs: 5000 });
  expect(error.text).toEqual({ zh: '不行', en: 'No' });
});

it('takes the time to wait from the header where the body has none', async () => {
  fetchMock.mockResolvedValue(new Response('<html>', { status: 429, headers: { 'Retry-After': '3' } }));
  const error = await failure(send('POST', '/api/login'));
  expect(error).toMatchObject({ code: 'bad_answer', status: 429, retryAfterMs: 3000 });
});

it('repeats a GET while the server is busy, at most twice', async () => {
  fetchMock.mockResolvedValueOnce(refusal('busy', 503)).mockResolvedValueOnce(json({ units: [] }));
  const units = api.units();
  await vi.runAllTimersAsync();
  await expect(units).resolves.toEqual([]);

  fetchMock.mockReset().mockImplementation(() => Promise.resolve(refusal('busy', 503)));
  expect((await failure(get('/api/units'))).code).toBe('busy');
  expect(fetchMock).toHaveBeenCalledTimes(3);
});

it('never repeats a POST, nor a GET that was refused', async () => {
  fetchMock.mockImplementation(() => Promise.resolve(refusal('busy', 503)));
  await failure(api.markCallsSeen(1));
  expect(fetchMock).toHaveBeenCalledTimes(1);

  fetchMock.mockReset().mockImplementation(() => Promise.resolve(refusal('not_found', 404)));
  await failure(api.person('x'));
  expect(fetchMock).toHaveBeenCalledTimes(1);
});

it('sends JSON with every unsafe method, DELETE included', async () => {
  fetchMock.mockResolvedValue(new Response(null, { status: 204 }));
  await api.endLogin('abc');
  const [url, init] = fetchMock.mock.calls[0] ?? [];
  expect(url).toBe('/api/logins/abc');
  expect(init).toMatchObject({ method: 'DELETE', headers: { 'Content-Type': 'application/json' } });
});

it('tells no network, no answer in time and nonsense apart', async () => {
  fetchMock.mockRejectedValue(new TypeError('Failed to fetch'));
  expect((await failure(send('POST', '/x'))).code).toBe('offline');

  fetchMock.mockResolvedValue(new Response('hello'));
  expect((await failure(get('/x'))).code).toBe('bad_answer');
});

it('reports a log-in that has ended, once per answer', async () => {
  const ended = vi.fn();
  onNotLoggedIn(ended);
  fetchMock.mockResolvedValue(refusal('not_logged_in', 401));
  await failure(api.me());
  expect(ended).toHaveBeenCalledOnce();
});

it('ends with an AbortError when cancelled from outside, even between two attempts', async () => {
  const control = new AbortController();
  fetchMock.mockImplementation(() => Promise.resolve(refusal('busy', 503)));
  const result = get('/x', {}, { signal: control.signal }).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(10);
  control.abort();
  await vi.runAllTimersAsync();
  expect(isAbort(await result)).toBe(true);
  expect(fetchMock).toHaveBeenCalledTimes(1);
});
