import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import * as api from '../api';
import { setLanguage } from '../i18n';
import PhonesPanel from './PhonesPanel.svelte';
import RecordsPanel from './RecordsPanel.svelte';
import type { CallRecord } from './types';

vi.mock('../api', async (original) => ({
  ...(await original<typeof api>()),
  callRecords: vi.fn(),
  phones: vi.fn(),
  addPhone: vi.fn(),
  removePhone: vi.fn(),
  search: vi.fn(),
}));

beforeEach(() => {
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
  setLanguage('zh');
});
afterEach(() => {
  cleanup();
  vi.resetAllMocks();
});

const record = (id: string, over: Partial<CallRecord> = {}): CallRecord => ({
  id,
  kind: 'trunk',
  direction: 'out',
  via: 'pbx',
  from: '林雅婷',
  to: '1001',
  started_at: 1_000,
  ringing_at: 1_180,
  answered_at: 3_000,
  ended_at: 63_000,
  reason: 'ended',
  codec: 'PCMA',
  loss: 0.012,
  jitter_ms: 3.4,
  mos: 4.2,
  ...over,
});

const phone = (extension: string, name: string) => ({
  user: extension,
  extension,
  name,
  created_at: 0,
  password_at: 0,
  usable: true,
  registrations: [],
});

it('lists records with what they sounded like, and more on demand', async () => {
  vi.mocked(api.callRecords)
    .mockResolvedValueOnce({ records: [record('a')], next: 'n' })
    .mockResolvedValueOnce({
      records: [record('b', { reason: 'busy', status: 486, answered_at: null, mos: null })],
      next: null,
    });
  render(RecordsPanel);
  const row = await screen.findByTestId('record');
  expect(row.textContent).toContain('180 毫秒後響鈴');
  expect(row.textContent).toContain('MOS 4.2，遺失 1.2 %，抖動 3 毫秒');
  await fireEvent.click(screen.getByTestId('more-records'));
  await vi.waitFor(() => expect(screen.getAllByTestId('record')).toHaveLength(2));
  expect(screen.getAllByTestId('record')[1]!.textContent).toContain('SIP 486');
  expect(screen.queryByTestId('more-records')).toBeNull();
});

it('says when nothing matches, and why when it fails', async () => {
  vi.mocked(api.callRecords).mockResolvedValueOnce({ records: [], next: null });
  render(RecordsPanel);
  await screen.findByTestId('no-records');
});

it('shows a new account’s password once', async () => {
  const account = phone('2001', '三樓會議室');
  vi.mocked(api.phones).mockResolvedValueOnce([]).mockResolvedValueOnce([account]);
  vi.mocked(api.addPhone).mockResolvedValueOnce({
    phone: account,
    setup: {
      user: '2001',
      password: 'pw-1',
      domain: 'hub.test',
      servers: [{ transport: 'udp', address: '192.0.2.1:5060' }],
    },
  });
  render(PhonesPanel);
  await screen.findByTestId('no-phones');
  await fireEvent.click(screen.getByTestId('add-phone'));
  await fireEvent.input(screen.getByTestId('phone-extension'), { target: { value: '２００１' } });
  await fireEvent.input(screen.getByTestId('phone-name'), { target: { value: '三樓會議室' } });
  await fireEvent.click(screen.getByTestId('phone-create'));
  expect((await screen.findByTestId('fresh-password')).textContent).toBe('pw-1');
  expect(api.addPhone).toHaveBeenCalledExactlyOnceWith({
    extension: '2001',
    name: '三樓會議室',
    person: null,
  });
  await fireEvent.click(screen.getByTestId('fresh-done'));
  expect((await screen.findByTestId('phone-2001')).dataset['registered']).toBe('false');
  expect(screen.queryByText('pw-1')).toBeNull();
});

it('asks before it deletes', async () => {
  const account = phone('2001', 'Room');
  vi.mocked(api.phones).mockResolvedValue([account]);
  vi.mocked(api.removePhone).mockResolvedValue();
  render(PhonesPanel);
  await fireEvent.click(await screen.findByTestId('remove-2001'));
  expect(api.removePhone).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByTestId('phone-confirm'));
  await vi.waitFor(() => expect(api.removePhone).toHaveBeenCalledExactlyOnceWith('2001'));
});
