import type { Stored } from './session-io';

/** How asking for a one-time ticket ended. `status` is 0 when there was no answer. */
export type TicketResult = { ticket: string } | { status: number; retryAfterMs: number };

/** What the socket needs of the browser; tests give a fake. */
export interface Browser {
  now(): number;
  random(): number;
  /** Calls back once after `ms`; returns what cancels it. */
  after(ms: number, call: () => void): () => void;
  fetchTicket(signal: AbortSignal): Promise<TicketResult>;
  openSocket(ticket: string): WebSocket;
  load(): Stored | null;
  save(stored: Stored): void;
}

const STORAGE_KEY = 'switchboard.session';

/** The real one. */
export const realBrowser: Browser = {
  now: () => performance.now(),
  random: () => Math.random(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  fetchTicket,
  openSocket: (ticket) => {
    const url = new URL('/ws', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('ticket', ticket);
    return new WebSocket(url);
  },
  load,
  save: (stored) => {
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(stored));
    } catch {
      // Storage is off or full: a reload opens a new session instead of resuming.
    }
  },
};

async function fetchTicket(signal: AbortSignal): Promise<TicketResult> {
  let response: Response;
  try {
    response = await fetch('/api/socket-ticket', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
      cache: 'no-store',
      signal,
    });
    if (response.ok) {
      const body: unknown = await response.json();
      const ticket = (body as { ticket?: unknown } | null)?.ticket;
      if (typeof ticket === 'string') return { ticket };
    }
  } catch {
    return { status: 0, retryAfterMs: 0 };
  }
  const seconds = Number(response.headers.get('Retry-After') ?? 0);
  return { status: response.status, retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0 };
}

function load(): Stored | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null');
    return isStored(stored) ? stored : null;
  } catch {
    return null;
  }
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false;
  const { session, person, nextId, topics } = value as Record<string, unknown>;
  const optional = (field: unknown): boolean => field === null || typeof field === 'string';
  return optional(session) && optional(person) && Number.isSafeInteger(nextId) && Array.isArray(topics);
}
