import { expect, it } from 'vitest';

import { calledName, greetingAt } from './greeting';

it('greets by the hour', () => {
  expect([0, 4, 5, 11, 12, 17, 18, 23].map(greetingAt)).toEqual([
    'home.evening',
    'home.evening',
    'home.morning',
    'home.morning',
    'home.afternoon',
    'home.afternoon',
    'home.evening',
    'home.evening',
  ]);
});

it('drops the surname only of names of three characters', () => {
  expect(calledName('陳雅婷')).toBe('雅婷');
  expect(calledName('王明')).toBe('王明');
  // A double surname cannot be told from a single one with certainty.
  expect(calledName('歐陽志明')).toBe('歐陽志明');
  expect(calledName('Alice Chen')).toBe('Alice Chen');
});
