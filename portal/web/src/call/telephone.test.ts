import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { CallView, Party } from '../gen/wire';
import { toneFor } from './ring-plan';
import { CallStore } from './store.svelte';
import { FakeHub } from './testing/fake-hub';
import { FakePorts } from './testing/fake-media';
import { fakePage } from './testing/fake-page';
import { dialing, ME, party, view } from './testing/pictures';
import { KEY_TONES } from './tones';
import { calleesOf, hasLine, hearsNetwork, picture, transferring } from './view';
import { titleOf } from './words';

/** A telephone with this number. */
function line(number: string, state: Party['state'] = 'connected', over: Partial<Party> = {}): Party {
  const base = party(`line-${number}`, state, over);
  return { ...base, card: { ...base.card, name: number, unit: '', post: '', extension: number, line: true } };
}

const withLine = (other: Party, over: Partial<CallView> = {}): CallView =>
  view({ parties: [party(ME, 'connected'), other], ...over });

describe('what a call with a telephone shows', () => {
  test('a telephone takes digits, a colleague does not', () => {
    expect(hasLine(withLine(line('1234')), ME)).toBe(true);
    expect(hasLine(view(), ME)).toBe(false);
    expect(hasLine(withLine(line('1234', 'left')), ME)).toBe(false);
  });

  test('it is called again by its number', () => {
    expect(calleesOf([line('1234'), party('p2', 'left')])).toEqual({ people: ['p2'], numbers: ['1234'] });
  });

  test('no ringback sounds over the tone of the telephone system', () => {
    const over = (early: boolean): CallView =>
      dialing('ringing', {
        parties: [party(ME, 'connecting'), line('1234', 'ringing', { early_media: early })],
      });
    expect(toneFor(picture([over(false)]), ME)).toBe('ringback');
    expect(toneFor(picture([over(true)]), ME)).toBeNull();
    expect(hearsNetwork(over(true), ME)).toBe(true);
  });

  test('while a call is handed on its title stays, and the target is known', () => {
    const target = line('8001', 'ringing', { transfer_by: ME });
    const handing = view({ parties: [party(ME, 'held'), party('p2', 'connected'), target] });
    expect(transferring(handing, ME)).toBe(target);
    expect(transferring(handing, 'p2')).toBeUndefined();
    expect(titleOf(handing, ME)).toBe('Name p2');
    const after = view({
      parties: [party('p9', 'left', { reason: 'transferred' }), party(ME, 'connected'), line('8001')],
    });
    expect(titleOf(after, ME)).toBe('8001');
  });

  test('every key has the two tones of the standard', () => {
    expect(KEY_TONES['1']).toEqual([697, 1209]);
    expect(KEY_TONES['#']).toEqual([941, 1477]);
    expect(Object.keys(KEY_TONES)).toHaveLength(16);
  });
});

describe('what a person does with it', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    fakePage();
  });
  afterEach(() => vi.restoreAllMocks());

  function rig() {
    const hub = new FakeHub();
    const store = new CallStore(hub.hub, new FakePorts());
    hub.welcome();
    vi.spyOn(store.tones, 'key').mockImplementation(() => {});
    return { hub, store };
  }

  test('dials a number, sends digits, hands the call on', async () => {
    const { hub, store } = rig();
    hub.replies.set('call.start', () => withLine(line('1234', 'calling'), { answered_at: null }));
    await store.start({ numbers: ['1234'] });
    expect(hub.asked('call.start')).toMatchObject([{ to: [], numbers: ['1234'] }]);
    hub.show(withLine(line('1234'), { rev: 2 }));

    await store.digits('c1', '1#');
    expect(hub.asked('call.digits')).toEqual([{ call: 'c1', digits: '1#' }]);
    expect(store.tones.key).toHaveBeenCalledTimes(2);

    const handing = withLine(line('1234'), { rev: 3 });
    handing.parties.push(line('8001', 'calling', { transfer_by: ME }));
    hub.replies.set('call.transfer', () => handing);
    await store.transfer('c1', { number: '8001' });
    expect(hub.asked('call.transfer')).toEqual([{ call: 'c1', to: { number: '8001' } }]);
    expect(transferring(store.picture.current!, ME)?.card.extension).toBe('8001');

    hub.show({ ...handing, rev: 4, ended: 'transferred', me: { ...handing.me, state: 'left', here: false } });
    expect(store.finished?.view.ended).toBe('transferred');
  });

  test('a call that was connected by somebody else comes up with its media', async () => {
    const { hub, store } = rig();
    hub.show(view());
    hub.show(view({ call: 'c2', parties: [line('1234'), party(ME, 'connecting')], starter: 'line-1234' }));
    hub.show(view({ rev: 2, ended: 'transferred', me: { state: 'left', here: false } }));
    expect(store.picture.current?.call).toBe('c2');
    expect(store.current?.view.call).toBe('c2');
  });

  test('the server says why a number cannot be dialled', async () => {
    const { hub, store } = rig();
    const { HubError } = await import('../net/errors');
    hub.replies.set('call.start', () => {
      throw HubError.refused({ code: 'number_not_allowed', text: { zh: '不開放撥打', en: 'not allowed' } });
    });
    await store.start({ numbers: ['0204'] });
    expect(store.error).toBe('不開放撥打');
  });
});
