import type { CallView, EndReason, PersonId } from '../gen/wire';
import { t, type PlainKey } from '../i18n';
import type { MediaProblem } from './problems';
import { others } from './view';

/** Why a call is over, for the one who looks at the screen; being called reads differently from calling. */
export function endWords(reason: EndReason, calledMe: boolean): PlainKey {
  if (calledMe && (reason === 'declined' || reason === 'no_answer' || reason === 'cancelled')) {
    return `call.end.${reason}_me`;
  }
  return `call.end.${reason}`;
}

/** Why another person is not in the call (any more). */
export function partyEndWords(reason: EndReason): PlainKey {
  if (reason === 'ended' || reason === 'moved') return 'call.state.left';
  return `call.end.${reason}`;
}

/** What is wrong with a device, and what to do; `null` when there is nothing to tell. */
export function problemWords({ device, kind }: MediaProblem): PlainKey | null {
  if (kind === 'cancelled') return null;
  if (kind === 'insecure' || kind === 'unsupported') return `call.problem.${kind}`;
  if (device === 'speaker') return 'call.problem.speaker.failed';
  return `call.problem.${device}.${kind}`;
}

/** What a call is called: the other person's name, for a group the first name and how many. */
export function titleOf(view: CallView, me: PersonId): string {
  // In a direct call one talks with one: a transfer adds its target, and keeps who has left.
  const all = others(view, me);
  const inIt = all.filter((party) => party.state !== 'left' && party.transfer_by === null);
  const people = view.kind === 'direct' && inIt.length > 0 ? inIt.slice(0, 1) : all;
  // To someone who is called, the caller matters most.
  const first = people.find((party) => party.card.person === view.starter) ?? people[0];
  const name = first?.card.name ?? '';
  return people.length > 1 ? t('call.group_with', { name, count: people.length + 1 }) : name;
}
