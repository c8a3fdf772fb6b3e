import type { PeerId } from '../gen/wire';

/** Signs that people give each other in a call; they go over the data channel `room` and are kept nowhere. */
export type RoomMessage =
  { type: 'reaction'; from: PeerId; emoji: Reaction } | { type: 'hand'; from: PeerId; up: boolean };

/** Reactions that can be given. A closed list: what comes from the network is shown to everybody. */
export const REACTIONS = ['👍', '👏', '❤️', '😄', '🎉', '🤔'] as const;
export type Reaction = (typeof REACTIONS)[number];

/** Longest message that is read. */
const MAX_LENGTH = 256;

/** Writes a message. */
export function encode(message: RoomMessage): string {
  return JSON.stringify(message);
}

/** Reads a message of another client; `null` for anything that is not one. */
export function decode(text: unknown): RoomMessage | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { type, from, emoji, up } = value as Record<string, unknown>;
  if (typeof from !== 'string') return null;
  if (type === 'hand' && typeof up === 'boolean') return { type, from, up };
  const known = REACTIONS.find((reaction) => reaction === emoji);
  return type === 'reaction' && known ? { type, from, emoji: known } : null;
}
