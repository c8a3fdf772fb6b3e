/** What administrators see, until the names of the server's own description. */
import type { EndReason } from '../gen/wire';

/** One leg of one call, over its whole life. */
export interface CallRecord {
  id: string;
  call?: string | null;
  person?: string | null;
  kind: 'app' | 'phone' | 'trunk';
  direction: 'in' | 'out';
  via: string;
  from: string;
  to: string;
  started_at: number;
  ringing_at?: number | null;
  answered_at?: number | null;
  ended_at: number;
  reason: EndReason;
  status?: number | null;
  codec?: string | null;
  loss?: number | null;
  loss_there?: number | null;
  jitter_ms?: number | null;
  rtt_ms?: number | null;
  mos?: number | null;
}

/** A page of records, newest first. */
export interface RecordsPage {
  records: CallRecord[];
  next?: string | null;
}

/** What records are looked for; empty fields take all. */
export interface RecordFilter {
  text: string;
  /** `YYYY-MM-DD` in the zone of the browser; both days are included. */
  from: string;
  to: string;
  kind: '' | CallRecord['kind'];
  reason: '' | EndReason;
}

/** A PBX. */
export interface Trunk {
  name: string;
  host: string;
  protocol: 'udp' | 'tcp' | 'tls';
  state: 'up' | 'down' | 'unknown';
  registered?: boolean | null;
  since_ms: number;
  reason?: string | null;
  round_trip_ms?: number | null;
  calls: number;
  max_calls: number;
}

/** A telephone account; `registered` when the telephone is there. */
export interface PhoneAccount {
  user: string;
  extension: string;
  name: string;
  person?: { id: string; name: string } | null;
  registered?: { address: string; protocol: string; user_agent: string; expires_at_ms: number } | null;
}

/** An account just made, or with a new password: shown once. */
export interface FreshAccount {
  account: PhoneAccount;
  password: string;
  /** What to type into the telephone. */
  server: string;
}

export const KINDS = ['trunk', 'phone', 'app'] as const;

/** Outcomes that records are looked for by. */
export const REASONS = [
  'ended',
  'busy',
  'no_answer',
  'declined',
  'cancelled',
  'unreachable',
  'number_unknown',
  'line_down',
  'failed',
] as const satisfies readonly EndReason[];
