import { describe, expect, it } from 'vitest';

import type { Unit } from '../api';
import { buildTree, childrenOf, pathTo, treeKey, visibleRows } from './tree';

const unit = (id: string, parent: string | null, sort: number, name = id): Unit => ({
  id,
  parent,
  sort,
  name,
  people: 1,
});

// city ─┬─ it ─┬─ dev
//       │      └─ ops
//       └─ edu
const UNITS = [
  unit('ops', 'it', 2, '網路維運組'),
  unit('edu', 'city', 2, '教育局'),
  unit('dev', 'it', 1, '系統研發中心'),
  unit('it', 'city', 1, '資訊局'),
  unit('city', null, 1, '市政府'),
];
const tree = buildTree(UNITS);
const ids = (expanded: string[]) => visibleRows(tree, new Set(expanded)).map((row) => row.unit.id);

describe('the tree', () => {
  it('orders siblings and shows only what is open', () => {
    expect(ids([])).toEqual(['city']);
    expect(ids(['city'])).toEqual(['city', 'it', 'edu']);
    expect(ids(['city', 'it'])).toEqual(['city', 'it', 'dev', 'ops', 'edu']);
    expect(ids(['it'])).toEqual(['city']);
  });

  it('tells level, position and whether a row opens', () => {
    const rows = visibleRows(tree, new Set(['city', 'it']));
    expect(
      rows.map(({ level, position, siblings, expanded }) => [level, position, siblings, expanded]),
    ).toEqual([
      [1, 1, 1, true],
      [2, 1, 2, true],
      [3, 1, 2, undefined],
      [3, 2, 2, undefined],
      [2, 2, 2, undefined],
    ]);
  });

  it('knows the way down to a unit', () => {
    expect(pathTo(tree, 'dev').map((one) => one.id)).toEqual(['city', 'it', 'dev']);
    expect(pathTo(tree, 'nowhere')).toEqual([]);
    expect(pathTo(tree, null)).toEqual([]);
  });

  it('loses no unit whose parent is unknown, and does not hang on a circle', () => {
    expect(childrenOf(buildTree([unit('a', 'gone', 1)]), null).map((one) => one.id)).toEqual(['a']);
    const circle = buildTree([unit('a', 'b', 1), unit('b', 'a', 1)]);
    expect(pathTo(circle, 'a')).toHaveLength(2);
    expect(visibleRows(circle, new Set(['a', 'b']))).toEqual([]);
  });
});

describe('keys', () => {
  const rows = visibleRows(tree, new Set(['city', 'it']));
  const press = (key: string, focused: string) => treeKey(key, rows, focused);

  it('walk up and down and stop at the ends', () => {
    expect(press('ArrowDown', 'it')).toEqual({ type: 'focus', unit: 'dev' });
    expect(press('ArrowUp', 'edu')).toEqual({ type: 'focus', unit: 'ops' });
    expect(press('ArrowUp', 'city')).toBeUndefined();
    expect(press('ArrowDown', 'edu')).toBeUndefined();
    expect(press('Home', 'ops')).toEqual({ type: 'focus', unit: 'city' });
    expect(press('End', 'city')).toEqual({ type: 'focus', unit: 'edu' });
  });

  it('open with the right arrow, then go inside; close with the left one, then go out', () => {
    const closed = visibleRows(tree, new Set(['city']));
    expect(treeKey('ArrowRight', closed, 'it')).toEqual({ type: 'expand', unit: 'it' });
    expect(press('ArrowRight', 'it')).toEqual({ type: 'focus', unit: 'dev' });
    expect(press('ArrowRight', 'dev')).toBeUndefined();
    expect(press('ArrowLeft', 'it')).toEqual({ type: 'collapse', unit: 'it' });
    expect(press('ArrowLeft', 'ops')).toEqual({ type: 'focus', unit: 'it' });
    expect(treeKey('ArrowLeft', closed, 'edu')).toEqual({ type: 'focus', unit: 'city' });
  });

  it('select with Enter and the space bar', () => {
    expect(press('Enter', 'dev')).toEqual({ type: 'select', unit: 'dev' });
    expect(press(' ', 'dev')).toEqual({ type: 'select', unit: 'dev' });
  });

  it('jump to the next name that begins with a character, around the end', () => {
    expect(press('教', 'city')).toEqual({ type: 'focus', unit: 'edu' });
    expect(press('資', 'edu')).toEqual({ type: 'focus', unit: 'it' });
    expect(press('龘', 'edu')).toBeUndefined();
    expect(press('F5', 'edu')).toBeUndefined();
  });
});
