import { expect, it } from 'vitest';

import { hueOf, HUES, initialOf } from './initial';

it('takes the surname of a Chinese name, whole even beyond the basic plane', () => {
  expect(initialOf('陳雅婷')).toBe('陳');
  expect(initialOf('𠮷田一郎')).toBe('𠮷');
  expect(initialOf('  王　明')).toBe('王');
});

it('takes a capital of other names, and has something for none', () => {
  expect(initialOf('alice Chen')).toBe('A');
  expect(initialOf('')).toBe('?');
});

it('gives an id the same colour each time and spreads ids over all colours', () => {
  const ids = Array.from(
    { length: 600 },
    (_, n) => `0190a1b2-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
  );
  expect(ids.map(hueOf)).toEqual(ids.map(hueOf));
  expect(new Set(ids.map(hueOf)).size).toBe(HUES);
});
