/** From a filter to what the server is asked. Pure. */
import type { CallRecord, RecordFilter } from './types';

/** Milliseconds of a day's start in the zone of the browser; `undefined` for no day. */
function dayStart(day: string, add = 0): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!parts) return undefined;
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + add).getTime();
}

/** Query parameters of a filter. The day of `to` is included. */
export function queryOf(filter: RecordFilter): Record<string, string | number | undefined> {
  return {
    text: filter.text.trim() || undefined,
    from: dayStart(filter.from),
    to: dayStart(filter.to, 1),
    kind: filter.kind || undefined,
    reason: filter.reason || undefined,
  };
}

/** Address of an export with the same filter. */
export function exportHref(filter: RecordFilter, format: 'csv' | 'ods'): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(queryOf(filter))) {
    if (value !== undefined) params.set(name, String(value));
  }
  const text = params.toString();
  return `/api/admin/call-records.${format}${text === '' ? '' : `?${text}`}`;
}

/** How good a call sounded, by its estimated opinion score (ITU-T P.800: 4 good, 3 fair). */
export function soundOf({ mos }: Pick<CallRecord, 'mos'>): 'good' | 'fair' | 'poor' | null {
  if (mos == null || mos === 0) return null;
  if (mos >= 4) return 'good';
  return mos >= 3.3 ? 'fair' : 'poor';
}

/** Milliseconds that people talked; `null` when nobody answered. */
export function talkedFor(record: CallRecord): number | null {
  return record.answered_at == null ? null : Math.max(0, record.ended_at - record.answered_at);
}

/** Milliseconds from dialling until it rang. */
export function ringDelay(record: CallRecord): number | null {
  return record.ringing_at == null ? null : Math.max(0, record.ringing_at - record.started_at);
}
