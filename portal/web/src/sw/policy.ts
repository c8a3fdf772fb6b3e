/** What the service worker does with a request. Pure. */
export type Plan =
  /** Leaves it to the browser: everything private or live. */
  | 'ignore'
  /** The newest page from the network; the kept one when there is no network. */
  | 'page'
  /** Kept files first: their names change with their contents. */
  | 'kept';

/** Paths of the server's own interfaces. Their answers are private and never kept. */
const SERVER_PATHS = ['/api/', '/ws', '/healthz', '/metrics'];

export function planFor(request: { method: string; url: string; mode: string }, origin: string): Plan {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin) return 'ignore';
  if (SERVER_PATHS.some((path) => url.pathname === path || url.pathname.startsWith(path))) return 'ignore';
  return request.mode === 'navigate' ? 'page' : 'kept';
}
