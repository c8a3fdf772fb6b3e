import { afterEach, describe, expect, it } from 'vitest';

import { fill, slots } from './define';
import { AREAS, language, localized, setLanguage, startLanguage, t } from './index';

afterEach(() => {
  localStorage.clear();
  setLanguage('zh');
});

describe.each(Object.entries(AREAS))('texts of %s', (_area, { zh, en }) => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  it('have the same slots in both languages, and no empty text', () => {
    for (const [key, text] of Object.entries<string>(zh)) {
      const english = (en as Record<string, string>)[key] ?? '';
      expect(slots(english), key).toEqual(slots(text));
      expect(text.trim() && english.trim(), key).not.toBe('');
    }
  });

  it('are in the language that they say', () => {
    for (const [key, text] of Object.entries<string>(en)) {
      // Names of languages are written in their own script.
      if (!key.includes('.language.')) expect(text, key).not.toMatch(/\p{Script=Han}/u);
    }
  });
});

it('keeps no text that nothing shows', () => {
  const sources = import.meta.glob<string>(['../**/*.{ts,svelte}', '!../**/*.test.ts', '!../**/*texts.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const code = Object.values(sources).join('\n');
  // Keys that are put together: `ui.presence.${status}` shows all that begin so.
  const families = [...code.matchAll(/`([a-z_]+\.[a-z_.]*)\$\{/g)].map((match) => match[1] ?? '');
  const unused = Object.values(AREAS)
    .flatMap((area) => Object.keys(area.zh))
    .filter((key) => !code.includes(`'${key}'`) && !families.some((family) => key.startsWith(family)));
  expect(unused).toEqual([]);
});

it('gives no key to two areas', () => {
  const keys = Object.values(AREAS).flatMap((area) => Object.keys(area.zh));
  expect(new Set(keys).size).toBe(keys.length);
});

it('fills slots, and chooses the word for one or many', () => {
  expect(fill('{name}，您好', { name: '雅婷' })).toBe('雅婷，您好');
  expect(fill('{count} {count|person|people}', { count: 1 })).toBe('1 person');
  expect(fill('{count} {count|person|people}', { count: 0 })).toBe('0 people');
  expect(fill('{missing}', {})).toBe('{missing}');
});

it('does not take values for slots', () => {
  expect(fill('{a}{b}', { a: '{b}', b: 'x' })).toBe('{b}x');
});

it('switches at run time, tells the document, and remembers', () => {
  setLanguage('en');
  expect(t('ui.close')).toBe('Close');
  expect(document.documentElement.lang).toBe('en');
  expect(localized({ zh: '忙線', en: 'Busy' })).toBe('Busy');
  setLanguage('zh');
  expect(t('ui.close')).toBe('關閉');
  expect(document.documentElement.lang).toBe('zh-Hant-TW');
  startLanguage(['en-US']);
  expect(language()).toBe('zh');
});

it('starts in Chinese unless the browser prefers English', () => {
  localStorage.clear();
  startLanguage(['fr', 'en-GB', 'zh-TW']);
  expect(language()).toBe('en');
  localStorage.clear();
  startLanguage(['ja']);
  expect(language()).toBe('zh');
});
