import type { ClientFrame, Reply, Request } from '../gen/wire';

/** Why a request got no reply of the server. */
export type LostReason = 'timeout' | 'session_lost' | 'too_many' | 'stopped';

/** How a request ended. */
export type Outcome = { ok: true; reply: Reply } | { ok: false; reason: LostReason };

/** Most requests that wait for a reply; a page that reaches this is broken, and more would only hide it. */
export const MAX_PENDING = 64;

/**
 * Requests that mean the same when the server carries them out twice. Only these may be sent again in a *new* session,
 * where the server no longer knows which ids it has answered.
 */
const REPEATABLE: ReadonlySet<Request['type']> = new Set([
  'call.decline',
  'call.leave',
  'call.end',
  'presence.idle',
  'presence.watch',
]);

interface Pending {
  /** Names the request towards the caller. */
  key: number;
  frame: ClientFrame;
  deadline: number;
}

/** Requests that wait for their reply, in the order of their ids. Ids only grow within a session. */
export class Requests {
  readonly #pending = new Map<number, Pending>();

  /** False when too many wait already. */
  add(key: number, frame: ClientFrame, deadline: number): boolean {
    if (this.#pending.size >= MAX_PENDING) return false;
    this.#pending.set(frame.id, { key, frame, deadline });
    return true;
  }

  /** Removes the request that a reply belongs to and returns its key; `null` when nobody waits for it any more. */
  settle(id: number): number | null {
    const entry = this.#pending.get(id);
    this.#pending.delete(id);
    return entry?.key ?? null;
  }

  /** Frames to send after `welcome`, with their old ids: the server repeats a stored reply instead of acting twice. */
  frames(): ClientFrame[] {
    return [...this.#pending.values()].map((entry) => entry.frame);
  }

  /** Removes those whose deadline has passed; returns their keys. */
  expire(now: number): number[] {
    return this.#remove((entry) => entry.deadline <= now);
  }

  /** The session is gone: removes those that must not be sent again; returns their keys. */
  loseSession(): number[] {
    return this.#remove((entry) => !REPEATABLE.has(entry.frame.type));
  }

  /** Removes all; returns their keys. */
  clear(): number[] {
    return this.#remove(() => true);
  }

  /** The earliest deadline; `Infinity` when nothing waits. */
  deadline(): number {
    return Math.min(Infinity, ...[...this.#pending.values()].map((entry) => entry.deadline));
  }

  #remove(match: (entry: Pending) => boolean): number[] {
    const entries = [...this.#pending.values()].filter(match);
    for (const entry of entries) this.#pending.delete(entry.frame.id);
    return entries.map((entry) => entry.key);
  }
}
