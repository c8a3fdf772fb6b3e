import { expect, it } from 'vitest';

import { formatClock, formatDate, formatDateTime, formatDuration, formatWhen } from './dates';

const TAIPEI = 'Asia/Taipei';
const zh = { language: 'zh', timeZone: TAIPEI } as const;
const en = { language: 'en', timeZone: TAIPEI } as const;
const at = (iso: string) => Date.parse(iso);

it('writes years of the Republic in Chinese and Gregorian ones in English', () => {
  const day = at('2026-11-24T10:00:00+08:00');
  expect(formatDate(day, 'long', zh)).toBe('民國115年11月24日');
  expect(formatDate(day, 'short', zh)).toBe('115/11/24');
  expect(formatDate(day, 'long', en)).toBe('24 November 2026');
  expect(formatDate(day, 'short', en)).toBe('24 Nov 2026');
});

it('has no year 0: 1912 is year 1 and 1911 is one before', () => {
  expect(formatDate(at('1912-01-01T00:00:00+08:00'), 'long', zh)).toBe('民國1年1月1日');
  expect(formatDate(at('1911-12-31T12:00:00+08:00'), 'long', zh)).toBe('民國前1年12月31日');
  expect(formatDate(at('1911-12-31T12:00:00+08:00'), 'short', zh)).toBe('民前1/12/31');
});

it('agrees with year minus 1911 on each day around every new year', () => {
  for (let year = 1912; year <= 2200; year++) {
    for (const day of ['01-01', '02-28', '12-31']) {
      expect(formatDate(at(`${year}-${day}T12:00:00Z`), 'short', { language: 'zh', timeZone: 'UTC' })).toBe(
        `${year - 1911}/${day.split('-').map(Number).join('/')}`,
      );
    }
  }
});

it('goes by the date of the zone, not of UTC', () => {
  const evening = at('2025-12-31T16:30:00Z');
  expect(formatDateTime(evening, zh)).toBe('115/1/1 00:30');
  expect(formatDateTime(evening, { ...zh, timeZone: 'UTC' })).toBe('114/12/31 16:30');
  expect(formatClock(evening, en)).toBe('00:30');
});

it('says when as near as lists need it', () => {
  const now = at('2026-11-24T09:00:00+08:00');
  const when = (iso: string, options: typeof zh | typeof en) => formatWhen(at(iso), now, options);
  expect(when('2026-11-24T00:05:00+08:00', zh)).toBe('00:05');
  expect(when('2026-11-23T23:55:00+08:00', zh)).toBe('昨天 23:55');
  expect(when('2026-11-23T23:55:00+08:00', en)).toBe('Yesterday 23:55');
  expect(when('2026-11-20T10:00:00+08:00', zh)).toBe('週五 10:00');
  expect(when('2026-11-20T10:00:00+08:00', en)).toBe('Fri 10:00');
  expect(when('2026-11-17T10:00:00+08:00', zh)).toBe('115/11/17 10:00');
});

it('writes lengths of time', () => {
  expect(formatDuration(0, zh)).toBe('0 秒');
  expect(formatDuration(192_000, zh)).toBe('3 分 12 秒');
  expect(formatDuration(180_000, en)).toBe('3 min');
  expect(formatDuration(3_900_000, en)).toBe('1 h 5 min');
});
