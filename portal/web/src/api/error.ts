import type { Text } from '../gen/wire';

/** Codes of the client itself, beside those of the server's error envelope. */
export type ClientCode = 'offline' | 'timeout' | 'bad_answer';

/** A request to the server failed. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** Stable: the server's code (`bad_credentials`, `too_many_attempts`, `busy` …) or a {@link ClientCode}. */
    readonly code: string,
    /** For the person, in both languages. */
    readonly text: Text,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** When trying again makes sense, where the server says so. */
    readonly retryAfterMs?: number,
  ) {
    super(`${code} (${status})`);
  }
}

const CLIENT_TEXTS: Record<ClientCode, Text> = {
  offline: {
    zh: '無法連線到伺服器，請檢查網路後再試。',
    en: 'The server cannot be reached. Check your network and try again.',
  },
  timeout: {
    zh: '伺服器太久沒有回應，請再試一次。',
    en: 'The server took too long to answer. Please try again.',
  },
  bad_answer: {
    zh: '伺服器的回應無法解讀，請稍後再試。',
    en: 'The answer of the server could not be understood. Please try again later.',
  },
};

/** An error that the client found by itself. */
export function clientError(code: ClientCode, status = 0): ApiError {
  return new ApiError(code, CLIENT_TEXTS[code], status);
}

/** Any failure as an {@link ApiError}, for showing it. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : clientError('bad_answer');
}

/** Reads the error envelope of an answer that is not 2xx. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const after = retryAfter(body, response);
  if (!isEnvelope(body)) {
    const { code, text } = clientError('bad_answer');
    return new ApiError(code, text, response.status, after);
  }
  return new ApiError(body.code, body.text, response.status, after);
}

interface Envelope {
  code: string;
  text: Text;
  retry_after_ms?: number;
}

function isEnvelope(body: unknown): body is Envelope {
  const envelope = body as Partial<Envelope> | null | undefined;
  return (
    typeof envelope?.code === 'string' &&
    typeof envelope.text?.zh === 'string' &&
    typeof envelope.text.en === 'string'
  );
}

function retryAfter(body: unknown, response: Response): number | undefined {
  if (isEnvelope(body) && typeof body.retry_after_ms === 'number') return body.retry_after_ms;
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
