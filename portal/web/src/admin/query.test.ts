import { describe, expect, it } from 'vitest';

import { exportHref, queryOf, ringDelay, soundOf, talkedFor } from './query';
import type { CallRecord, RecordFilter } from './types';

const ALL: RecordFilter = { text: '', from: '', to: '', kind: '', reason: '' };

describe('queryOf', () => {
  it('asks for everything when nothing is filtered', () => {
    expect(Object.values(queryOf(ALL)).every((value) => value === undefined)).toBe(true);
    expect(exportHref(ALL, 'csv')).toBe('/api/admin/call-records.csv');
  });

  it('includes both days', () => {
    const { from, to } = queryOf({ ...ALL, from: '2026-03-01', to: '2026-03-01' });
    expect(Number(to) - Number(from)).toBe(24 * 3_600_000);
    expect(from).toBe(new Date(2026, 2, 1).getTime());
  });

  it('leaves out what is no day, and trims what is typed', () => {
    expect(queryOf({ ...ALL, from: 'yesterday', text: '  1234 ' })).toMatchObject({
      text: '1234',
      from: undefined,
    });
  });

  it('exports what is shown', () => {
    const filter: RecordFilter = { ...ALL, text: '林 雅', kind: 'trunk', reason: 'busy' };
    expect(exportHref(filter, 'ods')).toBe(
      '/api/admin/call-records.ods?text=%E6%9E%97+%E9%9B%85&kind=trunk&reason=busy',
    );
  });
});

describe('what a record tells', () => {
  const record = { started_at: 1_000, ringing_at: 1_250, answered_at: 5_000, ended_at: 65_000 } as CallRecord;

  it('tells times', () => {
    expect([ringDelay(record), talkedFor(record)]).toEqual([250, 60_000]);
    expect(talkedFor({ ...record, answered_at: null })).toBeNull();
    expect(ringDelay({ ...record, ringing_at: null })).toBeNull();
  });

  it.each([
    [4.4, 'good'],
    [3.6, 'fair'],
    [2.9, 'poor'],
    [0, null],
    [null, null],
  ] as const)('hears a score of %s as %s', (mos, sound) => expect(soundOf({ mos })).toBe(sound));
});
