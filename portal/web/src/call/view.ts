import type { CallId, CallView, Party, PersonId } from '../gen/wire';
import type { Callees } from './store-types';

/** What a call is to this device. */
export type Phase =
  /** It rings here. */
  | 'incoming'
  /** Made here, nobody has answered yet. */
  | 'outgoing'
  /** Runs here. */
  | 'active'
  /** Runs here, put on hold by this person. */
  | 'held'
  /** Runs on another device of this person. */
  | 'elsewhere'
  /** Over for this device. */
  | 'over';

/** Classifies a call. */
export function phaseOf(view: CallView): Phase {
  const { me, ended, answered_at } = view;
  if (ended !== null) return 'over';
  if (me.state === 'left') return 'over';
  if (me.here) {
    if (me.state === 'held') return 'held';
    return answered_at === null ? 'outgoing' : 'active';
  }
  return me.state === 'calling' || me.state === 'ringing' ? 'incoming' : 'elsewhere';
}

/** The people of a call other than this person, in the order in which they came. */
export function others(view: CallView, me: PersonId): Party[] {
  return view.parties.filter((party) => party.card.person !== me);
}

/** Those of the others who are in the call or on their way into it. */
export function present(view: CallView, me: PersonId): Party[] {
  return others(view, me).filter((party) => party.state !== 'left');
}

/** Those of the others who have answered and not left. */
export function answered(view: CallView, me: PersonId): Party[] {
  const waiting = new Set(['calling', 'ringing', 'left']);
  return others(view, me).filter((party) => !waiting.has(party.state));
}

/** How to call these again: lines by their numbers. */
export function calleesOf(parties: readonly Party[]): Callees {
  const lines = parties.filter((party) => party.card.line);
  return {
    people: parties.filter((party) => !party.card.line).map((party) => party.card.person),
    numbers: lines.flatMap((party) => party.card.extension ?? []),
  };
}

/** Whether a telephone is in the call or being called: digits reach somebody. */
export function hasLine(view: CallView, me: PersonId): boolean {
  return present(view, me).some((party) => party.card.line);
}

/** The telephone system plays a tone or an announcement of its own. */
export function hearsNetwork(view: CallView, me: PersonId): boolean {
  return others(view, me).some((party) => party.early_media && party.state === 'ringing');
}

/** Whom this person is handing the call on to, while it rings there. */
export function transferring(view: CallView, me: PersonId): Party | undefined {
  return present(view, me).find((party) => party.transfer_by === me);
}

/** Who called: the starter's entry. */
export function caller(view: CallView): Party | undefined {
  return view.parties.find((party) => party.card.person === view.starter);
}

/** Most ended calls that are remembered, so that a late picture of one does not bring it back. */
const MAX_ENDED = 50;

/** All calls of this person, by their newest pictures. */
export class CallSet {
  readonly #views = new Map<CallId, CallView>();
  readonly #ended = new Map<CallId, number>();

  /** The newest pictures, oldest call first. */
  all(): CallView[] {
    return [...this.#views.values()].sort((a, b) => a.started_at - b.started_at);
  }

  get(call: CallId): CallView | undefined {
    return this.#views.get(call);
  }

  /**
   * Takes a picture; false when it is older than the one that is known. An ended call comes back by a newer picture: a
   * device that was silenced sees the call go on elsewhere.
   */
  apply(view: CallView): boolean {
    const known = this.#views.get(view.call)?.rev ?? (this.#ended.get(view.call) ?? -1) + 1;
    if (view.rev < known) return false;
    if (phaseOf(view) === 'over') {
      this.#forget(view);
    } else {
      this.#views.set(view.call, view);
      this.#ended.delete(view.call);
    }
    return true;
  }

  /**
   * Takes the snapshot of all running calls.
   *
   * @returns the calls that were known and are no longer running
   */
  snapshot(views: readonly CallView[]): CallView[] {
    const running = new Set(views.map((view) => view.call));
    const gone = this.all().filter((view) => !running.has(view.call));
    for (const view of gone) this.#forget(view);
    for (const view of views) this.apply(view);
    return gone;
  }

  /** Forgets everything; the person logs out. */
  clear(): void {
    this.#views.clear();
    this.#ended.clear();
  }

  #forget(view: CallView): void {
    this.#views.delete(view.call);
    this.#ended.set(view.call, view.rev);
    const oldest = this.#ended.keys().next().value;
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#ended.delete(oldest);
  }
}

/** What the screen shows, chosen from all calls. */
export interface Picture {
  /** The call in front: running here, being made here, or held when nothing else is. */
  current: CallView | null;
  /** Other calls of this device, on hold. */
  held: CallView[];
  /** Calls that ring here, oldest first. */
  incoming: CallView[];
  /** Calls on other devices of this person. */
  elsewhere: CallView[];
}

/** No calls. */
export const nothing = (): Picture => ({ current: null, held: [], incoming: [], elsewhere: [] });

/** Chooses what is in front. */
export function picture(views: readonly CallView[]): Picture {
  const of = (phase: Phase): CallView[] => views.filter((view) => phaseOf(view) === phase);
  const held = of('held');
  // The newest wins: after hold-and-answer the answered call is the later one.
  const current = of('active').at(-1) ?? of('outgoing').at(-1) ?? held.at(-1) ?? null;
  return {
    current,
    held: held.filter((view) => view !== current),
    incoming: of('incoming'),
    elsewhere: of('elsewhere'),
  };
}
