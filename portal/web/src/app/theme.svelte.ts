/** Light, dark, or as the system has it. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = 'switchboard.theme';

const state = $state<{ theme: Theme }>({ theme: 'system' });

export function theme(): Theme {
  return state.theme;
}

/** Changes the colours at once, and remembers the choice on this device. */
export function setTheme(next: Theme): void {
  state.theme = next;
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}

/** Takes up the choice made before. */
export function startTheme(): void {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    setTheme(THEMES.find((known) => known === stored) ?? 'system');
  } catch {
    setTheme('system');
  }
}
