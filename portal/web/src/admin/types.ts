/** What administrators see; the bodies are those of the server's own description. */
import type { components } from '../gen/api';
import type { EndReason } from '../gen/wire';

type Schemas = components['schemas'];

export type CallRecord = Schemas['CallRecord'];
export type RecordsPage = Schemas['CallRecordPage'];
export type Trunk = Schemas['TrunkView'];
export type PhoneAccount = Schemas['PhoneAccountView'];
/** An account just made, or with a new password: shown once. */
export type FreshAccount = Schemas['NewPhoneAnswer'];
/** What to type into a telephone. */
export type PhoneSetup = Schemas['PhoneSetup'];

/** What records are looked for; empty fields take all. */
export interface RecordFilter {
  text: string;
  /** `YYYY-MM-DD` in the zone of the browser; both days are included. */
  from: string;
  to: string;
  kind: '' | CallRecord['kind'];
  reason: '' | EndReason;
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
