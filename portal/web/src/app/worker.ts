import { t } from '../i18n';
import { showToast } from '../ui/toasts.svelte';

/** Installs the service worker, and offers a new version of the app when one is ready. */
export async function startWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const registration = await navigator.serviceWorker.register('/sw.js').catch(() => undefined);
  // Not installed (private windows, certificates that are not trusted): the app works, but not offline.
  if (!registration) return;
  if (registration.waiting) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const next = registration.installing;
    next?.addEventListener('statechange', () => {
      // The first version of all takes over by itself: there is nothing older to leave.
      if (next.state === 'installed' && navigator.serviceWorker.controller) offer(next);
    });
  });
}

function offer(next: ServiceWorker): void {
  showToast('info', t('app.new_version'), {
    label: t('app.update'),
    run: () => {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      next.postMessage('skip_waiting');
    },
  });
}
