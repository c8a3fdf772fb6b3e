import { expect, it } from 'vitest';

import { nextIndex } from './roving';

it('moves along the axis and wraps at the ends', () => {
  expect(nextIndex('ArrowRight', 0, 3, 'horizontal')).toBe(1);
  expect(nextIndex('ArrowRight', 2, 3, 'horizontal')).toBe(0);
  expect(nextIndex('ArrowUp', 0, 3, 'vertical')).toBe(2);
  expect(nextIndex('Home', 2, 3, 'vertical')).toBe(0);
  expect(nextIndex('End', 0, 3, 'vertical')).toBe(2);
});

it('leaves keys of the other axis and other keys alone', () => {
  expect(nextIndex('ArrowDown', 0, 3, 'horizontal')).toBeUndefined();
  expect(nextIndex('a', 0, 3, 'vertical')).toBeUndefined();
  expect(nextIndex('ArrowDown', 0, 0, 'vertical')).toBeUndefined();
});
