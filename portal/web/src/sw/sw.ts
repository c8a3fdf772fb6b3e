/**
 * The service worker: the app opens without a network and says so, and a press on a notification brings it forward.
 * It keeps only files of the build, never an answer of the server's interfaces.
 */
import { planFor } from './policy';

declare const self: ServiceWorkerGlobalScope;

/** Put in by the build: the files to keep, and a digest that changes with any of them. */
declare const __KEPT_FILES__: readonly string[];
declare const __KEPT_DIGEST__: string;

const CACHE = `switchboard-${__KEPT_DIGEST__}`;
const PAGE = '/index.html';

/** A network that does not answer a page within this time counts as none. Less shows old versions on slow links. */
const PAGE_DEADLINE_MS = 4000;

self.addEventListener('install', (event) => {
  event.waitUntil(keepFiles());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(takeOver());
});

self.addEventListener('message', (event) => {
  // The person pressed "update now".
  if (event.data === 'skip_waiting') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const plan = planFor(event.request, self.location.origin);
  if (plan === 'page') event.respondWith(page(event.request));
  if (plan === 'kept') event.respondWith(kept(event.request));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(bringForward(event.notification, event.action));
});

async function keepFiles(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(__KEPT_FILES__.map((path) => new Request(path, { cache: 'reload' })));
}

async function takeOver(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('switchboard-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PAGE_DEADLINE_MS) });
  } catch {
    return (await caches.match(PAGE)) ?? Response.error();
  }
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** Shows a window of the app, and tells it what was pressed on the notification of a call (`call/notify.ts`). */
async function bringForward(notification: Notification, action: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const open = windows.find((client) => client.visibilityState === 'visible') ?? windows[0];
  if (!open) {
    // The page that opens finds the call still ringing, and asks there.
    await self.clients.openWindow('/');
    return;
  }
  const data = notification.data as { type?: unknown; call?: unknown } | null;
  if (data?.type === 'call') {
    open.postMessage({ type: 'call.notification', call: data.call, action: action === '' ? 'open' : action });
  }
  // Declining needs no look at the page.
  if (action !== 'decline') await open.focus();
}
