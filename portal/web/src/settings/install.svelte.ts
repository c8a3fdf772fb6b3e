/** Installing the app, as far as the browser lets a page have a part in it. */

/** Chromium's event; not in the DOM's types. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>;
}

export type InstallState =
  /** It runs as an app. */
  | 'installed'
  /** The browser lets the page ask. */
  | 'ready'
  /** Only by hand, through the share sheet of iOS. */
  | 'ios'
  /** Only by hand, through the browser's menu. */
  | 'menu';

let prompt = $state.raw<InstallPromptEvent | null>(null);
let installed = $state(false);

/** Hears what the browser offers; from the start of the page, since it offers once. */
export function startInstall(): void {
  installed = matchMedia('(display-mode: standalone)').matches;
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    prompt = event as InstallPromptEvent;
  });
  window.addEventListener('appinstalled', () => {
    installed = true;
    prompt = null;
  });
}

export function installState(): InstallState {
  if (installed) return 'installed';
  if (prompt) return 'ready';
  return /iPhone|iPad/.test(navigator.userAgent) ? 'ios' : 'menu';
}

/** Asks the person; the browser allows it once. */
export async function install(): Promise<void> {
  const event = prompt;
  prompt = null;
  await event?.prompt();
}
