import type { EventFrame, ReplyFrame } from '../gen/wire';
import type { Durable } from './session-io';

/** A frame of the server. */
export type ServerFrame =
  { kind: 'reply'; reply: ReplyFrame } | { kind: 'event'; event: EventFrame | Durable };

/**
 * Reads a frame of the server; `null` for what is none. The types come from the server's own export, so only the
 * envelope is checked: it tells replies from events, and keeps a truncated or foreign text from being taken for either.
 */
export function parseFrame(text: string): ServerFrame | null {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof frame !== 'object' || frame === null) return null;
  const { id, topic, seq, type, data } = frame as Record<string, unknown>;
  if (typeof type !== 'string' || typeof data !== 'object' || data === null) return null;
  if (typeof topic === 'string' && (seq === undefined || Number.isSafeInteger(seq))) {
    return { kind: 'event', event: frame as EventFrame | Durable };
  }
  return Number.isSafeInteger(id) ? { kind: 'reply', reply: frame as ReplyFrame } : null;
}
