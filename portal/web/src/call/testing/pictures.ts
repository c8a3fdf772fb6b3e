import type { CallView, LegState, Party, Sources } from '../../gen/wire';

/** Makers of pictures for tests. */
export const ME = 'me';
export const OFF: Sources = { mic: false, camera: false, screen: false };

export function party(person: string, state: LegState, over: Partial<Party> = {}): Party {
  const waiting = state === 'calling' || state === 'ringing' || state === 'left';
  return {
    card: { person, name: `Name ${person}`, unit: 'Unit', post: 'Post', extension: null, line: false },
    state,
    reason: null,
    peer: waiting ? null : `peer-${person}`,
    sources: waiting ? OFF : { mic: true, camera: false, screen: false },
    early_media: false,
    transfer_by: null,
    ...over,
  };
}

export type ViewOver = Partial<Omit<CallView, 'me'>> & { me?: Partial<CallView['me']> };

/** A running 1:1 call on this device unless something else is said. */
export function view(over: ViewOver = {}): CallView {
  const { me, ...rest } = over;
  return {
    call: 'c1',
    rev: 1,
    kind: 'direct',
    starter: ME,
    video: false,
    started_at: 1_000,
    answered_at: 2_000,
    parties: [party(ME, 'connected'), party('p2', 'connected')],
    ended: null,
    may_end: false,
    ...rest,
    me: { state: 'connected', reason: null, here: true, device: null, peer: 'peer-me', ...me },
  };
}

/** A call that rings here. */
export function ringing(over: ViewOver = {}): CallView {
  return view({
    starter: 'p2',
    answered_at: null,
    parties: [party('p2', 'connecting'), party(ME, 'calling')],
    ...over,
    me: { state: 'calling', here: false, peer: 'peer-me', ...over.me },
  });
}

/** A call made here that nobody has answered. */
export function dialing(state: LegState = 'calling', over: ViewOver = {}): CallView {
  return view({ answered_at: null, parties: [party(ME, 'connecting'), party('p2', state)], ...over });
}
