import { describe, expect, it } from 'vitest';

import { dialable, digitsOf } from './number';

describe('dialable', () => {
  it.each([
    ['1234', '1234'],
    ['１２３４', '1234'],
    [' 02-2720 8889 ', '0227208889'],
    ['+886 (2) 2720-8889', '+886227208889'],
    ['*72#', '*72#'],
  ])('takes %s', (typed, number) => expect(dialable(typed)).toBe(number));

  it.each(['', '林雅婷', 'lin', '12a4', '1+2', '++1', '1'.repeat(33)])('leaves %s', (typed) =>
    expect(dialable(typed)).toBeNull(),
  );
});

describe('digitsOf', () => {
  it('keeps what a telephone can send', () => {
    expect(digitsOf('１2 3-*#x')).toBe('123*#');
    expect(digitsOf('abcd')).toBe('ABCD');
  });
});
