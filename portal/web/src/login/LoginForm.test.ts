import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import * as api from '../api';
import { ApiError } from '../api';
import { session } from '../app/session.svelte';
import { setLanguage } from '../i18n';
import LoginForm from './LoginForm.svelte';

vi.mock('../api', async (original) => ({ ...(await original<typeof api>()), logIn: vi.fn() }));

const logIn = vi.mocked(api.logIn);
const me = { person: { id: 'p', name: '陳雅婷' }, login: 'l', factors: ['password'] } as unknown as api.Me;
const refusal = (code: string, status: number, after?: number) =>
  new ApiError(code, { zh: `文字：${code}`, en: `text of ${code}` }, status, after);

beforeEach(() => {
  logIn.mockReset();
  setLanguage('zh');
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const field = (id: string) => screen.getByTestId<HTMLInputElement>(id);

async function fillAndSend(account: string, password: string) {
  await fireEvent.input(field('account'), { target: { value: account } });
  await fireEvent.input(field('password'), { target: { value: password } });
  await fireEvent.submit(field('account').closest('form')!);
}

it('is made for password managers, and starts in the account', () => {
  render(LoginForm, { why: 'new' });
  expect(field('account').autocomplete).toBe('username');
  expect(field('password').autocomplete).toBe('current-password');
  expect(document.activeElement).toBe(field('account'));
});

it('logs in with the account without blanks around it', async () => {
  logIn.mockResolvedValue(me);
  render(LoginForm, { why: 'new' });
  await fillAndSend(' chen.yt ', 'secret pass');
  expect(logIn).toHaveBeenCalledExactlyOnceWith('chen.yt', 'secret pass');
  await vi.waitFor(() => expect(session()).toEqual({ name: 'in', me }));
});

it('names the empty field, goes there, and asks the server nothing', async () => {
  render(LoginForm, { why: 'new' });
  await fillAndSend('chen', '');
  expect(screen.getByText('請輸入密碼')).toBeTruthy();
  expect(field('password').getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(field('password'));
  expect(logIn).not.toHaveBeenCalled();
});

it('says that the two do not fit, without telling which, and empties the password', async () => {
  logIn.mockRejectedValue(refusal('bad_credentials', 401));
  render(LoginForm, { why: 'new' });
  await fillAndSend('chen', 'wrong');
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('帳號或密碼不正確');
  expect(field('account').value).toBe('chen');
  expect(field('password').value).toBe('');
});

it('counts down after too many attempts and lets nobody try meanwhile', async () => {
  logIn.mockRejectedValue(refusal('too_many_attempts', 429, 3000));
  render(LoginForm, { why: 'new' });
  vi.useFakeTimers();
  await fillAndSend('chen', 'wrong');
  await vi.advanceTimersByTimeAsync(0);
  expect(screen.getByTestId('login-error').textContent).toContain('3 秒後');
  expect(screen.getByTestId<HTMLButtonElement>('login-submit').disabled).toBe(true);
  await vi.advanceTimersByTimeAsync(3000);
  expect(screen.getByTestId('login-ready').textContent).toContain('現在可以再試一次');
  expect(screen.getByTestId<HTMLButtonElement>('login-submit').disabled).toBe(false);
});

it('shows the words of any other refusal in the language in use', async () => {
  logIn.mockRejectedValue(refusal('something_new', 500));
  render(LoginForm, { why: 'new' });
  setLanguage('en');
  await fillAndSend('chen', 'secret');
  expect((await screen.findByTestId('login-error')).textContent).toContain('text of something_new');
});

it('tells why one has to log in again', () => {
  render(LoginForm, { why: 'ended' });
  expect(screen.getByTestId('login-notice').textContent).toContain('您的登入已結束');
});

it('warns of caps lock while typing the password', async () => {
  render(LoginForm, { why: 'new' });
  await fireEvent.keyDown(field('password'), { key: 'A', modifierCapsLock: true });
  expect(screen.getByText('Caps Lock 已開啟')).toBeTruthy();
  await fireEvent.blur(field('password'));
  expect(screen.queryByText('Caps Lock 已開啟')).toBeNull();
});

it('shows the password on demand', async () => {
  render(LoginForm, { why: 'new' });
  await fireEvent.click(screen.getByRole('button', { name: '顯示密碼' }));
  expect(field('password').type).toBe('text');
  await fireEvent.click(screen.getByRole('button', { name: '隱藏密碼' }));
  expect(field('password').type).toBe('password');
});
