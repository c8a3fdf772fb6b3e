import type { ErrorCode, Text, WireError } from '../gen/wire';
import type { LostReason } from './requests';

const LOST_TEXTS: Record<LostReason, Text> = {
  timeout: {
    zh: '連線逾時，請檢查網路後再試一次。',
    en: 'The server did not answer in time. Check the network and try again.',
  },
  session_lost: {
    zh: '連線曾經中斷，請再試一次。',
    en: 'The connection was interrupted. Please try again.',
  },
  too_many: {
    zh: '尚有太多操作未完成，請稍候再試。',
    en: 'Too many actions are still waiting. Please try again shortly.',
  },
  stopped: { zh: '目前沒有連線。', en: 'There is no connection at the moment.' },
};

/** A request that did not succeed: refused by the server, or lost on the way. */
export class HubError extends Error {
  override readonly name = 'HubError';

  constructor(
    /** Stable code. */
    readonly code: ErrorCode | LostReason,
    /** For the person in front of the screen. */
    readonly text: Text,
    /** After how many milliseconds trying again makes sense. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(code);
  }

  static refused(error: WireError): HubError {
    return new HubError(error.code, error.text, error.retry_after_ms ?? null);
  }

  static lost(reason: LostReason): HubError {
    return new HubError(reason, LOST_TEXTS[reason]);
  }
}
