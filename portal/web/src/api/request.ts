/** One place for every request to the REST interface: deadline, abort, errors, retries. */
import { ApiError, clientError, errorOf } from './error';

export interface RequestOptions {
  /** Ends the request from outside, e.g. when the search text has changed. Its error is then an `AbortError`. */
  signal?: AbortSignal | undefined;
}

/** How long one attempt may take. Less fails on slow mobile links, more keeps people before a dead page. */
const DEADLINE_MS = 10_000;

/** Waits before the second and third attempt of a GET. Only GETs are repeated: they change nothing. */
const RETRY_WAITS_MS = [300, 1200];

/** Answers worth another attempt: the server is starting, busy or behind a proxy that lost it. */
const PASSING_STATUS = new Set([502, 503, 504]);

/** What to do when the server says that nobody is logged in. */
let notLoggedIn: () => void = () => {};

/** Sets the one handler for log-ins that have ended. */
export function onNotLoggedIn(handler: () => void): void {
  notLoggedIn = handler;
}

/** Query parameters; those that are `undefined` are left out. */
type Query = Record<string, string | number | undefined>;

/** GET with up to two retries. */
export async function get<T>(path: string, query: Query = {}, options: RequestOptions = {}): Promise<T> {
  const url = withQuery(path, query);
  for (const wait of RETRY_WAITS_MS) {
    try {
      return await attempt<T>('GET', url, undefined, options);
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(wait, options.signal);
    }
  }
  return attempt<T>('GET', url, undefined, options);
}

/** POST or DELETE, once. */
export function send<T>(
  method: 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  options: RequestOptions = {},
): Promise<T> {
  return attempt<T>(method, path, body ?? {}, options);
}

async function attempt<T>(method: string, url: string, body: unknown, options: RequestOptions): Promise<T> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    const response = await fetch(url, {
      method,
      signal,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await errorOf(response);
    return response.status === 204 ? (undefined as T) : ((await readJson(response)) as T);
  } catch (error) {
    throw translate(error, options.signal, deadline);
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw clientError('bad_answer', response.status);
    throw error;
  }
}

/** Turns what `fetch` throws into our errors; an abort from outside stays what it is. */
function translate(error: unknown, outside: AbortSignal | undefined, deadline: AbortSignal): unknown {
  if (error instanceof ApiError) {
    if (error.code === 'not_logged_in') notLoggedIn();
    return error;
  }
  if (outside?.aborted) return new DOMException('The request was cancelled.', 'AbortError');
  return clientError(deadline.aborted ? 'timeout' : 'offline');
}

function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || PASSING_STATUS.has(error.status));
}

/** Whether a request was cancelled on purpose: nothing to tell anybody. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', cancel, { once: true });
    function done() {
      signal?.removeEventListener('abort', cancel);
      resolve();
    }
    function cancel() {
      clearTimeout(timer);
      reject(new DOMException('The request was cancelled.', 'AbortError'));
    }
  });
}
