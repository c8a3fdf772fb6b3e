import type { CallView, PeerId, PersonId, SlotView, Source } from '../gen/wire';
import { present } from './view';

/** Receiving sections of a connection. */
export interface SlotCount {
  audio: number;
  video: number;
}

/** What a 1:1 call needs: one voice, one camera and one screen. Every connection starts with it. */
export const FIRST_SLOTS: SlotCount = { audio: 1, video: 2 };
/** Most slots. The server mixes nothing: it puts the loudest voices and the watched pictures into what there is. */
export const MAX_SLOTS: SlotCount = { audio: 8, video: 12 };

/**
 * How many slots a call needs on this device: a voice and a camera for each other person, those who are still being
 * called included (so the connection has grown before they answer), and one shared screen.
 */
export function slotsNeeded(view: CallView, me: PersonId): SlotCount {
  const people = present(view, me).length;
  return {
    audio: clamp(people, FIRST_SLOTS.audio, MAX_SLOTS.audio),
    video: clamp(people + 1, FIRST_SLOTS.video, MAX_SLOTS.video),
  };
}

/** How many slots have to be added. Slots are never taken away: an empty one costs a few bytes of the description. */
export function slotsMissing(have: SlotCount, need: SlotCount): SlotCount {
  return { audio: Math.max(0, need.audio - have.audio), video: Math.max(0, need.video - have.video) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** A remote track and the section that it flows in. */
export interface Flow {
  mid: string;
  peer: PeerId;
  source: Source;
}

/** The filled slots of a table, without those whose section this connection does not have. */
export function flows(slots: readonly SlotView[], mids: ReadonlySet<string>): Flow[] {
  const filled: Flow[] = [];
  for (const { mid, peer, source } of slots) {
    if (peer !== null && source !== null && mids.has(mid)) filled.push({ mid, peer, source });
  }
  return filled;
}
