import { expect, it } from 'vitest';

import { highlight } from './highlight';

/** Hits in brackets. */
const marked = (text: string, query: string) =>
  highlight(text, query)
    .map((segment) => (segment.hit ? `[${segment.text}]` : segment.text))
    .join('');

it('marks every place of every word', () => {
  expect(marked('陳雅婷', '雅婷')).toBe('陳[雅婷]');
  expect(marked('資訊局資訊室', '資訊')).toBe('[資訊]局[資訊]室');
  expect(marked('系統研發中心 主任', '主任 系統')).toBe('[系統]研發中心 [主任]');
});

it('takes written variants, width and case for the same', () => {
  expect(marked('臺北市政府', '台北')).toBe('[臺北]市政府');
  expect(marked('黃志明', '黄')).toBe('[黃]志明');
  expect(marked('分機 8123', '８１２３')).toBe('分機 [8123]');
  expect(marked('Alice', 'ali')).toBe('[Ali]ce');
});

it('sees a name through the blank inside it', () => {
  expect(marked('王　明', '王明')).toBe('[王　明]');
});

it('keeps characters beyond the basic plane whole', () => {
  expect(marked('𠮷田一郎', '𠮷')).toBe('[𠮷]田一郎');
  expect(marked('𠮷田一郎', '田')).toBe('𠮷[田]一郎');
});

it('loses no character, whatever the query', () => {
  for (const query of ['', ' ', '(', '陳', 'zz', '陳雅婷長']) {
    expect(
      highlight('陳雅婷', query)
        .map((segment) => segment.text)
        .join(''),
    ).toBe('陳雅婷');
  }
});
