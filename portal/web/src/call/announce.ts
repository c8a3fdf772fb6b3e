import type { CallView, Party, PersonId } from '../gen/wire';
import { others, phaseOf } from './view';

/** Something that screen readers say. `reason` is set for people who left. */
export interface Said {
  what: 'calling' | 'ringing' | 'connected' | 'incoming' | 'joined' | 'left';
  party: Party;
}

const IN_CALL: ReadonlySet<Party['state']> = new Set(['connecting', 'connected', 'held', 'reconnecting']);

/** What changed from one picture to the next, as far as it is worth interrupting for. */
export function changes(before: CallView | null, after: CallView, me: PersonId): Said[] {
  const said: Said[] = [];
  const phase = phaseOf(after);
  for (const party of others(after, me)) {
    const was = before?.parties.find((known) => known.card.person === party.card.person)?.state;
    const what = changeOf(was, party.state, after.kind === 'group');
    const silent = phase === 'incoming' || phase === 'elsewhere' || phase === 'over';
    if (what && !silent) said.push({ what, party });
  }
  const caller = after.parties.find((party) => party.card.person === after.starter);
  if (phase === 'incoming' && before === null && caller) said.push({ what: 'incoming', party: caller });
  return said;
}

function changeOf(was: Party['state'] | undefined, now: Party['state'], group: boolean): Said['what'] | null {
  if (was === now) return null;
  if (now === 'calling' || now === 'ringing') return now;
  if (now === 'left') return was !== undefined && group ? 'left' : null;
  const wasIn = was !== undefined && IN_CALL.has(was);
  return wasIn ? null : group ? 'joined' : 'connected';
}
