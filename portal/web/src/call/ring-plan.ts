import type { CallView, PersonId } from '../gen/wire';
import type { ToneName } from './tones';
import { hearsNetwork, others, phaseOf, type Picture } from './view';

/** What should be heard now; `null` is silence. */
export function toneFor({ current, incoming }: Picture, me: PersonId): ToneName | null {
  const talking = current !== null && phaseOf(current) !== 'held';
  if (incoming.length > 0) return talking ? 'waiting' : 'ring';
  if (current === null || phaseOf(current) !== 'outgoing') return null;
  // Honest ringback: only while a device of somebody really alerts.
  const rings = others(current, me).some((party) => party.state === 'ringing');
  return rings && !hearsNetwork(current, me) ? 'ringback' : null;
}

/** What is heard once when a call of this device ends. */
export function endTone(view: CallView): ToneName | null {
  if (view.ended === 'busy') return 'busy';
  return view.answered_at !== null || view.ended === 'declined' ? 'ended' : null;
}
