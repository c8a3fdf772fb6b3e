/**
 * Tells of a ringing call while the page is hidden. With a service worker the notification has buttons; the worker
 * sends what was pressed to the page as a `NotificationPress`.
 */

/** `data` of the notification, for the service worker. */
export interface CallNotificationData {
  type: 'call';
  call: string;
}

/** Message of the service worker to the page. `open`: the notification itself was pressed. */
export interface NotificationPress {
  type: 'call.notification';
  call: string;
  action: 'answer' | 'decline' | 'open';
}

/** The words of a notification. */
export interface CallNotice {
  call: string;
  title: string;
  body: string;
  answer: string;
  decline: string;
}

const tagOf = (call: string): string => `switchboard-call-${call}`;

/** Asks for the permission; to be called from a gesture. */
export async function allowNotifications(): Promise<NotificationPermission> {
  if (!('Notification' in window)) return 'denied';
  return Notification.permission === 'default'
    ? await Notification.requestPermission()
    : Notification.permission;
}

/** Shows a notification; false when that is not possible. */
export async function showNotice(notice: CallNotice): Promise<boolean> {
  if (!('Notification' in window) || Notification.permission !== 'granted') return false;
  const data: CallNotificationData = { type: 'call', call: notice.call };
  const options = { body: notice.body, tag: tagOf(notice.call), requireInteraction: true, data };
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  try {
    if (registration?.active) {
      const actions = [
        { action: 'answer', title: notice.answer },
        { action: 'decline', title: notice.decline },
      ];
      await registration.showNotification(notice.title, { ...options, actions } as NotificationOptions);
    } else {
      const notification = new Notification(notice.title, options);
      notification.onclick = () => window.focus();
      plain.set(notice.call, notification);
    }
    return true;
  } catch {
    // Some phones allow notifications only through a service worker.
    return false;
  }
}

/** Notifications made without a service worker, which are not listed by any registration. */
const plain = new Map<string, Notification>();

/** Takes the notification of a call away. */
export async function closeNotice(call: string): Promise<void> {
  plain.get(call)?.close();
  plain.delete(call);
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const shown = (await registration?.getNotifications({ tag: tagOf(call) })) ?? [];
  for (const notification of shown) notification.close();
}

/** Hears what was pressed in notifications; returns what stops it. */
export function onNotificationPress(hear: (press: NotificationPress) => void): () => void {
  const listener = ({ data }: MessageEvent<unknown>): void => {
    if (isPress(data)) hear(data);
  };
  navigator.serviceWorker?.addEventListener('message', listener);
  return () => navigator.serviceWorker?.removeEventListener('message', listener);
}

function isPress(data: unknown): data is NotificationPress {
  if (typeof data !== 'object' || data === null) return false;
  const { type, call, action } = data as Record<string, unknown>;
  const known = action === 'answer' || action === 'decline' || action === 'open';
  return type === 'call.notification' && typeof call === 'string' && known;
}

/** Puts a mark in front of the page's title, or takes it away. */
export function markTitle(mark: string | null): void {
  const separator = ' — ';
  const at = document.title.indexOf(separator);
  const marked = at > 0 && document.title.startsWith('☎');
  const title = marked ? document.title.slice(at + separator.length) : document.title;
  document.title = mark === null ? title : `☎ ${mark}${separator}${title}`;
}
