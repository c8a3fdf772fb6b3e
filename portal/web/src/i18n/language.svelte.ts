/** Languages of the app: Traditional Chinese as written in Taiwan, and English. */
export const LANGUAGES = ['zh', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const STORAGE_KEY = 'switchboard.language';
const HTML_LANG: Record<Language, string> = { zh: 'zh-Hant-TW', en: 'en' };

const state = $state<{ language: Language }>({ language: 'zh' });

/** The language in use; reading it in a template or an effect makes it follow a switch. */
export function language(): Language {
  return state.language;
}

/** Switches the whole app, and remembers the choice on this device. */
export function setLanguage(next: Language): void {
  state.language = next;
  document.documentElement.lang = HTML_LANG[next];
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}

/** Chooses the first language: the one chosen before, else Chinese unless the browser prefers English to it. */
export function startLanguage(preferred: readonly string[] = navigator.languages): void {
  setLanguage(stored() ?? fromBrowser(preferred));
}

function stored(): Language | undefined {
  try {
    const value = localStorage.getItem(STORAGE_KEY);
    return LANGUAGES.find((known) => known === value);
  } catch {
    return undefined;
  }
}

function fromBrowser(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'zh';
}
