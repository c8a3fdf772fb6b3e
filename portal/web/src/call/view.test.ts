import { describe, expect, test } from 'vitest';

import { ME, dialing, party, ringing, view } from './testing/pictures';
import { CallSet, answered, caller, others, phaseOf, picture, present } from './view';

describe('phaseOf', () => {
  test.each([
    ['incoming', ringing()],
    ['incoming', ringing({ me: { state: 'ringing' } })],
    ['outgoing', dialing('ringing')],
    ['active', view()],
    ['active', view({ me: { state: 'reconnecting' } })],
    ['held', view({ me: { state: 'held' } })],
    ['elsewhere', view({ me: { here: false, device: 'Phone', peer: null } })],
    ['over', view({ ended: 'busy' })],
    ['over', view({ me: { state: 'left' } })],
  ])('%s', (phase, picture) => expect(phaseOf(picture)).toBe(phase));

  test('the other side that holds does not put the call on hold here', () => {
    expect(phaseOf(view({ parties: [party(ME, 'connected'), party('p2', 'held')] }))).toBe('active');
  });
});

test('people of a call', () => {
  const group = view({
    kind: 'group',
    starter: 'p3',
    parties: [party(ME, 'connected'), party('p2', 'ringing'), party('p3', 'held'), party('p4', 'left')],
  });
  const names = (list: ReturnType<typeof others>) => list.map((entry) => entry.card.person);
  expect(names(others(group, ME))).toEqual(['p2', 'p3', 'p4']);
  expect(names(present(group, ME))).toEqual(['p2', 'p3']);
  expect(names(answered(group, ME))).toEqual(['p3']);
  expect(caller(group)?.card.person).toBe('p3');
});

describe('CallSet', () => {
  test('a stale picture is ignored, an equal one taken', () => {
    const set = new CallSet();
    expect(set.apply(view({ rev: 5 }))).toBe(true);
    expect(set.apply(view({ rev: 4 }))).toBe(false);
    expect(set.apply(view({ rev: 5, video: true }))).toBe(true);
    expect(set.get('c1')?.video).toBe(true);
  });

  test('an ended call does not come back by a late picture', () => {
    const set = new CallSet();
    set.apply(view({ rev: 5 }));
    set.apply(view({ rev: 6, ended: 'ended' }));
    expect(set.all()).toEqual([]);
    expect(set.apply(view({ rev: 5 }))).toBe(false);
    expect(set.apply(view({ rev: 6 }))).toBe(false);
  });

  test('a silenced device sees the call go on elsewhere by a newer picture', () => {
    const set = new CallSet();
    set.apply(ringing({ rev: 2 }));
    set.apply(view({ rev: 3, ended: 'answered_elsewhere' }));
    expect(set.apply(view({ rev: 4, me: { here: false, device: 'Phone', peer: null } }))).toBe(true);
    expect(picture(set.all()).elsewhere).toHaveLength(1);
  });

  test('an end of a call that was never seen is remembered too', () => {
    const set = new CallSet();
    expect(set.apply(view({ rev: 3, ended: 'cancelled' }))).toBe(true);
    expect(set.apply(ringing({ rev: 2 }))).toBe(false);
  });

  test('a snapshot tells what is gone', () => {
    const set = new CallSet();
    set.apply(view({ call: 'a' }));
    set.apply(view({ call: 'b' }));
    expect(set.snapshot([view({ call: 'b', rev: 2 })]).map((gone) => gone.call)).toEqual(['a']);
    expect(set.all().map((known) => known.rev)).toEqual([2]);
  });

  test('does not remember ended calls without bound', () => {
    const set = new CallSet();
    for (let n = 0; n < 60; n++) set.apply(view({ call: `c${n}`, rev: 2, ended: 'ended' }));
    expect(set.apply(view({ call: 'c59', rev: 1 }))).toBe(false);
    expect(set.apply(view({ call: 'c0', rev: 1 }))).toBe(true);
  });
});

describe('picture', () => {
  const held = view({ call: 'h', started_at: 1, me: { state: 'held' } });
  const active = view({ call: 'a', started_at: 2 });

  test('the running call is in front, the held one beside it', () => {
    const shown = picture([held, active]);
    expect(shown.current?.call).toBe('a');
    expect(shown.held.map((call) => call.call)).toEqual(['h']);
  });

  test('a held call alone is in front, so that it can be resumed', () => {
    const shown = picture([held]);
    expect(shown.current?.call).toBe('h');
    expect(shown.held).toEqual([]);
  });

  test('a call being made is in front of a held one', () => {
    expect(picture([held, dialing('calling', { call: 'd', started_at: 3 })]).current?.call).toBe('d');
  });

  test('ringing calls are listed oldest first', () => {
    const set = new CallSet();
    set.apply(ringing({ call: 'late', started_at: 9 }));
    set.apply(ringing({ call: 'early', started_at: 3 }));
    expect(picture(set.all()).incoming.map((call) => call.call)).toEqual(['early', 'late']);
  });
});
