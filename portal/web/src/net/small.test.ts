import { describe, expect, test } from 'vitest';

import { reconnectDelay } from './backoff';
import { deviceName } from './device-name';
import { HubError } from './errors';
import { parseFrame } from './frame';

describe('reconnectDelay', () => {
  test('doubles its limit up to the cap, and draws uniformly below it', () => {
    expect(reconnectDelay(0, false, 0)).toBe(0);
    expect([0, 1, 2].map((attempt) => reconnectDelay(attempt, false, 0.999))).toEqual([499, 999, 1998]);
    expect(reconnectDelay(1_000, false, 0.999)).toBeLessThan(30_000);
    expect(reconnectDelay(1_000, true, 0.999)).toBeLessThan(4_000);
  });
});

test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
    'Chrome · Windows',
  ],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge · Windows'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1',
    'Safari · iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36',
    'Chrome · Android',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox · Linux'],
  ['', 'Browser'],
])('%s is %s', (agent, name) => expect(deviceName(agent)).toBe(name));

describe('parseFrame', () => {
  test('tells replies from events', () => {
    expect(parseFrame('{"id":3,"type":"ok","data":{}}')?.kind).toBe('reply');
    expect(parseFrame('{"topic":"hub","type":"drain","data":{"reconnect_after_ms":1}}')?.kind).toBe('event');
    expect(parseFrame('{"topic":"person:1","seq":4,"type":"history.added","data":{}}')?.kind).toBe('event');
  });

  test.each([
    '',
    '{',
    '3',
    'null',
    '[]',
    '{"id":3}',
    '{"id":3,"type":"ok"}',
    '{"topic":"x","seq":"1","type":"y","data":{}}',
  ])('refuses %s', (text) => expect(parseFrame(text)).toBeNull());
});

test('errors carry texts in both languages', () => {
  const refused = HubError.refused({ code: 'call_full', text: { zh: '滿', en: 'full' }, retry_after_ms: 5 });
  expect(refused).toMatchObject({ code: 'call_full', text: { zh: '滿' }, retryAfterMs: 5 });
  expect(HubError.lost('timeout').text.en).not.toBe('');
});
