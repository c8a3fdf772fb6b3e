import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Me, Unit } from '../api';
import { entered } from '../app/session.svelte';
import OrgTree from './OrgTree.svelte';
import { buildTree } from './tree';

const unit = (id: string, parent: string | null, sort: number, name: string): Unit => ({
  id,
  parent,
  sort,
  name,
  people: sort,
});
const tree = buildTree([
  unit('city', null, 1, '市政府'),
  unit('it', 'city', 1, '資訊局'),
  unit('dev', 'it', 1, '系統研發中心'),
  unit('edu', 'city', 2, '教育局'),
  unit('school', 'edu', 1, '國小教育科'),
]);

beforeEach(() => entered({ person: { unit: 'dev' } } as Me));
afterEach(cleanup);

const names = () => screen.getAllByRole('treeitem').map((row) => row.querySelector('.name')?.textContent);
const row = (id: string) => screen.getByTestId(`unit-${id}`);
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

it('opens the way to my unit and to the selected one, and nothing else', () => {
  render(OrgTree, { tree, selected: 'city', onselect: vi.fn() });
  expect(names()).toEqual(['市政府', '資訊局', '系統研發中心', '教育局']);
  expect(row('edu').getAttribute('aria-expanded')).toBe('false');
  expect(row('dev').textContent).toContain('我的單位');
});

it('has one row in the tab order: the selected one, then the one last used', async () => {
  render(OrgTree, { tree, selected: 'it', onselect: vi.fn() });
  const inTabOrder = () => screen.getAllByRole('treeitem').filter((item) => item.tabIndex === 0);
  expect(inTabOrder()).toEqual([row('it')]);
  row('it').focus();
  await press('ArrowDown');
  await vi.waitFor(() => expect(document.activeElement).toBe(row('dev')));
  expect(inTabOrder()).toEqual([row('dev')]);
});

it('works by keys alone: open, go in, select, close', async () => {
  const onselect = vi.fn();
  render(OrgTree, { tree, selected: 'city', onselect });
  row('city').focus();
  await press('End');
  await vi.waitFor(() => expect(document.activeElement).toBe(row('edu')));
  await press('ArrowRight');
  expect(names()).toContain('國小教育科');
  await press('ArrowRight');
  await vi.waitFor(() => expect(document.activeElement).toBe(row('school')));
  await press('Enter');
  expect(onselect).toHaveBeenCalledExactlyOnceWith('school');
  await press('ArrowLeft');
  await vi.waitFor(() => expect(document.activeElement).toBe(row('edu')));
  await press('ArrowLeft');
  expect(names()).not.toContain('國小教育科');
});

it('selects and opens by a press, and closes by the arrow alone', async () => {
  const onselect = vi.fn();
  render(OrgTree, { tree, selected: 'city', onselect });
  await fireEvent.click(row('edu'));
  expect(onselect).toHaveBeenCalledExactlyOnceWith('edu');
  expect(names()).toContain('國小教育科');
  await fireEvent.click(row('edu').querySelector('.twist')!);
  expect(names()).not.toContain('國小教育科');
  expect(onselect).toHaveBeenCalledOnce();
});

it('follows a unit that was selected elsewhere', async () => {
  const { rerender } = render(OrgTree, { tree, selected: 'city', onselect: vi.fn() });
  await rerender({ selected: 'school' });
  expect(row('school').getAttribute('aria-selected')).toBe('true');
});
