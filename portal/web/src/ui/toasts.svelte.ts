/** Short notices at the edge of the screen. */
export interface Toast {
  id: number;
  kind: 'info' | 'ok' | 'error';
  text: string;
  /** A button in the notice. A notice with an action stays until it is closed. */
  action?: { label: string; run: () => void };
}

/** More would cover the page; the oldest goes first. */
const MAX_TOASTS = 3;

/** Long enough to read two lines aloud; shorter loses slow readers, longer covers the page. */
const SHOW_MS = 7000;

const state = $state<{ toasts: Toast[] }>({ toasts: [] });
let nextId = 1;

/** What is shown now, oldest first. */
export function toasts(): readonly Toast[] {
  return state.toasts;
}

/** Shows a notice; returns its id. */
export function showToast(kind: Toast['kind'], text: string, action?: Toast['action']): number {
  const toast: Toast = { id: nextId++, kind, text, ...(action && { action }) };
  state.toasts = [...state.toasts, toast].slice(-MAX_TOASTS);
  if (!action) setTimeout(() => closeToast(toast.id), SHOW_MS);
  return toast.id;
}

/** Takes a notice away; nothing happens when it is gone already. */
export function closeToast(id: number): void {
  state.toasts = state.toasts.filter((toast) => toast.id !== id);
}
