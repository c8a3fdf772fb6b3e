/**
 * Dates for people: years of the Republic in Chinese, Gregorian ones in English. Everything stored or sent is UTC
 * milliseconds; only this file turns them into words.
 */
import { language, type Language } from './language.svelte';

/** What may differ from the user's own settings; tests give both. */
export interface DateOptions {
  language?: Language;
  /** IANA name; the device's own zone when left out. */
  timeZone?: string;
}

interface CalendarParts {
  /** `民國`, or `民國前` before 1912; there is no year 0. */
  era: string;
  year: string;
  month: string;
  day: string;
  weekday: string;
}

const MS_PER_DAY = 86_400_000;

/**
 * Years of the Republic by parts: the ready formats of `Intl` differ between browsers (民國110年, 110年, Minguo), the
 * parts do not.
 */
function rocParts(ms: number, timeZone?: string): CalendarParts {
  const format = new Intl.DateTimeFormat('zh-Hant-TW-u-ca-roc-nu-latn', {
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    ...zone(timeZone),
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
  return {
    era: parts['era'] ?? '民國',
    year: parts['year'] ?? '',
    month: parts['month'] ?? '',
    day: parts['day'] ?? '',
    weekday: (parts['weekday'] ?? '').replace(/^(週|星期)/, ''),
  };
}

function zone(timeZone?: string): { timeZone?: string } {
  return timeZone === undefined ? {} : { timeZone };
}

/** A date: `long` is 民國115年11月24日 or 24 November 2026, `short` is 115/11/24 or 24 Nov 2026. */
export function formatDate(ms: number, style: 'long' | 'short' = 'long', options: DateOptions = {}): string {
  if ((options.language ?? language()) === 'en') {
    return new Intl.DateTimeFormat('en-GB', {
      day: 'numeric',
      month: style === 'long' ? 'long' : 'short',
      year: 'numeric',
      ...zone(options.timeZone),
    }).format(ms);
  }
  const { era, year, month, day } = rocParts(ms, options.timeZone);
  if (style === 'long') return `${era}${year}年${month}月${day}日`;
  // Short dates drop the era's name, but years before the Republic would then read as later ones.
  const before = era === '民國' ? '' : '民前';
  return `${before}${year}/${month}/${day}`;
}

/** The time of day, 24 hours: 09:05. */
export function formatClock(ms: number, options: DateOptions = {}): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...zone(options.timeZone),
  }).format(ms);
}

/** Short date and time of day. */
export function formatDateTime(ms: number, options: DateOptions = {}): string {
  return `${formatDate(ms, 'short', options)} ${formatClock(ms, options)}`;
}

/**
 * When something was, as lists show it: the time alone for today, 昨天 or Yesterday, the weekday within a week, else
 * the short date.
 */
export function formatWhen(ms: number, now: number, options: DateOptions = {}): string {
  const clock = formatClock(ms, options);
  const days = dayNumber(now, options.timeZone) - dayNumber(ms, options.timeZone);
  const zh = (options.language ?? language()) === 'zh';
  if (days === 0) return clock;
  if (days === 1) return zh ? `昨天 ${clock}` : `Yesterday ${clock}`;
  if (days > 1 && days < 7) return `${weekday(ms, zh, options.timeZone)} ${clock}`;
  return `${formatDate(ms, 'short', options)} ${clock}`;
}

function weekday(ms: number, zh: boolean, timeZone?: string): string {
  if (zh) return `週${rocParts(ms, timeZone).weekday}`;
  return new Intl.DateTimeFormat('en-GB', { weekday: 'short', ...zone(timeZone) }).format(ms);
}

/** Number of the calendar day in a zone, so that "yesterday" means the date and not 24 hours. */
function dayNumber(ms: number, timeZone?: string): number {
  const format = new Intl.DateTimeFormat('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...zone(timeZone),
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(parts['year'] ?? 0, (parts['month'] ?? 1) - 1, parts['day'] ?? 1) / MS_PER_DAY;
}

/** A length of time in words: 3 分 12 秒, 1 小時 4 分; 3 min 12 s, 1 h 4 min. */
export function formatDuration(ms: number, options: DateOptions = {}): string {
  const total = Math.max(0, Math.round(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = total % 60;
  const zh = (options.language ?? language()) === 'zh';
  const parts: string[] = [];
  if (hours > 0) parts.push(`${hours} ${zh ? '小時' : 'h'}`);
  if (minutes > 0) parts.push(`${minutes} ${zh ? '分' : 'min'}`);
  if (hours === 0 && (seconds > 0 || minutes === 0)) parts.push(`${seconds} ${zh ? '秒' : 's'}`);
  return parts.join(' ');
}
