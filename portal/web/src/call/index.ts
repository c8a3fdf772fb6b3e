import { connection, hub } from '../net';
import type { MediaPorts } from './media-connection';
import { onNotificationPress } from './notify';
import { CallStore } from './store.svelte';

const ports: MediaPorts = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  createPeer: () => new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' }),
  offer: (call, offer) => hub.request('media.offer', { call, ...offer }),
};

/** All calls of the logged-in person. */
export const calls = new CallStore(hub, ports);

/** What changes the network under a running call. `connection` is not in every browser. */
interface NetworkInformation {
  addEventListener(type: 'change', listener: () => void, options: AddEventListenerOptions): void;
}

/** Connects the calls to the page. Call once per log-in; the returned function ends it. */
export function startCalls(): () => void {
  const abort = new AbortController();
  const options = { signal: abort.signal };
  const changed = (): void => calls.networkChanged();
  window.addEventListener('online', changed, options);
  (navigator as { connection?: NetworkInformation }).connection?.addEventListener('change', changed, options);
  const unlock = (): void => calls.tones.unlock();
  for (const type of ['pointerdown', 'keydown'])
    window.addEventListener(type, unlock, { ...options, once: true });
  window.addEventListener(
    'beforeunload',
    (event) => {
      // The browser asks whether to leave; a reload resumes the call, closing the tab ends it after a while.
      if (calls.picture.current !== null && connection.state !== 'other_tab') event.preventDefault();
    },
    options,
  );
  const stop = onNotificationPress(({ call, action }) => {
    if (action === 'answer') void calls.answer(call);
    else if (action === 'decline') void calls.decline(call);
  });
  return () => {
    abort.abort();
    stop();
  };
}

export { default as CallLayer } from './CallLayer.svelte';
export { allowNotifications } from './notify';
export type { CallNotificationData, NotificationPress } from './notify';
export type { AnswerOptions, Callees, Finished, StartOptions } from './store-types';
