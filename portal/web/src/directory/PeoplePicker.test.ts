import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import * as api from '../api';
import type { Me, Person } from '../api';
import { entered } from '../app/session.svelte';
import { setLanguage } from '../i18n';
import PeoplePicker from './PeoplePicker.svelte';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  peopleOfUnit: vi.fn(),
  search: vi.fn(),
}));

const person = (id: string, name: string): Person => ({
  id,
  name,
  unit: 'u',
  unit_name: '資訊局',
  path: ['資訊局'],
  post: '專員',
  email: `${id}@example.test`,
});

beforeEach(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
  setLanguage('zh');
  entered({ person: person('me', '我自己'), login: 'l', factors: ['password'] } as Me);
  vi.mocked(api.peopleOfUnit).mockResolvedValue({
    people: [person('me', '我自己'), person('a', '陳雅婷'), person('b', '林志明')],
  });
});
afterEach(cleanup);

const open = async (purpose: 'add' | 'transfer' = 'add') => {
  const onpick = vi.fn();
  render(PeoplePicker, { purpose, exclude: ['b'], onpick, onclose: vi.fn() });
  await screen.findByTestId('pick-a');
  return onpick;
};

it('offers the own unit without oneself, and those in the call only to be seen', async () => {
  await open();
  expect(screen.queryByTestId('pick-me')).toBeNull();
  expect(screen.getByTestId<HTMLInputElement>('pick-b').disabled).toBe(true);
  expect(screen.getByText('已在通話中')).toBeTruthy();
});

it('gives whoever was chosen, over several searches, and lets one change one’s mind', async () => {
  const onpick = await open();
  const add = screen.getByTestId<HTMLButtonElement>('pick-add');
  expect(add.disabled).toBe(true);
  await fireEvent.click(screen.getByTestId('pick-a'));

  vi.mocked(api.search).mockResolvedValue({
    hits: [
      { person: person('c', '黃家豪'), matched: 'name' },
      { person: person('d', '黃美玲'), matched: 'name' },
    ],
    more: false,
  });
  await fireEvent.input(screen.getByTestId('search'), { target: { value: '黃' } });
  await fireEvent.click(await screen.findByTestId('pick-c'));
  await fireEvent.click(screen.getByTestId('pick-d'));
  await fireEvent.click(screen.getByRole('button', { name: '移除 黃美玲' }));
  await fireEvent.click(add);
  expect(onpick).toHaveBeenCalledExactlyOnceWith({ people: ['a', 'c'], numbers: [] });
});

it('takes a number that was typed, beside people', async () => {
  const onpick = await open();
  await fireEvent.click(screen.getByTestId('pick-a'));
  vi.mocked(api.search).mockResolvedValue({ hits: [], more: false });
  await fireEvent.input(screen.getByTestId('search'), { target: { value: '１２-34' } });
  await fireEvent.click(await screen.findByTestId('pick-number'));
  await fireEvent.click(screen.getByTestId('pick-add'));
  expect(onpick).toHaveBeenCalledExactlyOnceWith({ people: ['a'], numbers: ['1234'] });
});

it('hands a call on to one only: the last that was chosen', async () => {
  const onpick = await open('transfer');
  await fireEvent.click(screen.getByTestId('pick-a'));
  vi.mocked(api.search).mockResolvedValue({ hits: [], more: false });
  await fireEvent.input(screen.getByTestId('search'), { target: { value: '8001' } });
  await fireEvent.click(await screen.findByTestId('pick-number'));
  await fireEvent.click(screen.getByTestId('pick-add'));
  expect(onpick).toHaveBeenCalledExactlyOnceWith({ people: [], numbers: ['8001'] });
});
