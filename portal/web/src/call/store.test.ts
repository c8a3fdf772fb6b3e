import { beforeEach, describe, expect, test, vi } from 'vitest';

import { HubError } from '../net/errors';
import { CallStore } from './store.svelte';
import { fakeDevices, FakeHub } from './testing/fake-hub';
import { FakePorts, FakeTrack, settle } from './testing/fake-media';
import { FakeContext, fakePage } from './testing/fake-page';
import { dialing, ME, party, ringing, view } from './testing/pictures';

let tracks: FakeTrack[] = [];

beforeEach(() => {
  tracks = [];
  vi.useFakeTimers();
  fakePage(tracks);
});

function rig() {
  const hub = new FakeHub();
  const ports = new FakePorts();
  const store = new CallStore(hub.hub, ports);
  hub.welcome();
  return { hub, ports, store };
}

const VOICE = { mic: true, camera: false, screen: false };

describe('calling', () => {
  test('starts, rings back, talks, hangs up', async () => {
    const { hub, ports, store } = rig();
    hub.replies.set('call.start', () => dialing('calling', { rev: 1 }));
    await store.start({ people: ['p2'] });
    expect(hub.asked('call.start')).toEqual([{ to: ['p2'], numbers: [], sources: VOICE }]);
    expect(store.current?.phase).toBe('outgoing');
    await settle();
    expect(ports.offers).toHaveLength(1);
    expect(ports.peer.sending('audio')).toEqual([null]);

    const play = vi.spyOn(store.tones, 'play');
    hub.show(dialing('ringing', { rev: 2 }));
    expect(play).toHaveBeenLastCalledWith('ringback');

    const stop = vi.spyOn(store.tones, 'stop');
    hub.show(view({ rev: 3 }));
    expect(stop).toHaveBeenCalled();
    await settle();
    expect(ports.peer.sending('audio')).toEqual([tracks[0]]);
    expect(hub.inCall).toBe(true);

    await store.leave('c1');
    hub.show(view({ rev: 4, ended: 'ended' }));
    expect(store.current).toBeNull();
    expect(store.finished).toMatchObject({ was: 'active', view: { ended: 'ended' } });
    expect(store.finished?.lasted).toBeGreaterThan(0);
    expect(ports.peer.closed).toBe(true);
    expect(tracks[0]!.readyState).toBe('ended');
    expect(hub.inCall).toBe(false);
  });

  test('a busy colleague is told in words and tone', async () => {
    const { hub, store } = rig();
    hub.replies.set('call.start', () => dialing());
    await store.start({ people: ['p2'] });
    const play = vi.spyOn(store.tones, 'play');
    hub.show(dialing('left', { rev: 2, ended: 'busy' }));
    expect(play).toHaveBeenLastCalledWith('busy');
    expect(store.finished?.lasted).toBeNull();
  });

  test('a colleague who was busy at once is told the same way, whichever picture comes first', async () => {
    for (const eventFirst of [true, false]) {
      const { hub, store } = rig();
      const over = dialing('left', { rev: 2, ended: 'busy' });
      hub.replies.set('call.start', () => {
        if (eventFirst) hub.show(over);
        return over;
      });
      await store.start({ people: ['p2'] });
      if (!eventFirst) hub.show(over);
      expect(store.finished?.view.ended).toBe('busy');
      expect(store.finished?.was).toBe('outgoing');
      expect(store.current).toBeNull();
    }
  });

  test('what the server refuses is said', async () => {
    const { hub, store } = rig();
    hub.replies.set('call.start', () => {
      throw HubError.refused({ code: 'call_full', text: { zh: '滿了', en: 'full' } });
    });
    await store.start({ people: ['p2'] });
    expect(store.error).toBe('滿了');
    expect(store.starting).toBe(false);
  });

  test('without the microphone nobody is disturbed until the person decides', async () => {
    fakeDevices(() => {
      throw new DOMException('', 'NotAllowedError');
    }, 'denied');
    const { hub, store } = rig();
    hub.replies.set('call.start', () => dialing());
    await store.start({ people: ['p2'] });
    expect(hub.asked('call.start')).toEqual([]);
    expect(store.trouble?.problem).toMatchObject({ device: 'mic', kind: 'denied' });
    store.trouble?.proceed?.();
    await settle();
    expect(hub.asked('call.start')).toEqual([{ to: ['p2'], numbers: [], sources: { ...VOICE, mic: false } }]);
  });

  test('without a camera the call goes on with voice', async () => {
    fakeDevices((kind) => {
      if (kind === 'video') throw new DOMException('', 'NotFoundError');
      return new FakeTrack(kind);
    }, 'prompt');
    const { hub, store } = rig();
    hub.replies.set('call.start', () => dialing());
    await store.start({ people: ['p2'] }, { video: true });
    expect(hub.asked('call.start')).toEqual([{ to: ['p2'], numbers: [], sources: VOICE }]);
    expect(store.trouble?.problem).toMatchObject({ device: 'camera', kind: 'missing' });
  });
});

describe('being called', () => {
  test('warms the connection while it rings, and sends only after the answer', async () => {
    const { hub, ports, store } = rig();
    hub.show(ringing());
    await settle();
    expect(ports.offers).toHaveLength(1);
    expect(tracks).toHaveLength(0);
    hub.replies.set('call.answer', () => view({ rev: 2 }));
    await store.answer('c1');
    expect(hub.asked('call.answer')).toEqual([{ call: 'c1', sources: VOICE, current: 'hold' }]);
    await settle();
    expect(ports.offers).toHaveLength(1);
    expect(ports.peer.sending('audio')).toEqual([tracks[0]]);
  });

  test('alerting is reported once it can be noticed, and again to a new session', () => {
    FakeContext.running = false;
    const { hub, store } = rig();
    hub.show(ringing());
    expect(hub.asked('call.alerting')).toEqual([]);
    store.noticed('c1');
    store.noticed('c1');
    expect(hub.asked('call.alerting')).toEqual([{ call: 'c1' }]);
    hub.welcome([ringing({ rev: 2 })], true);
    expect(hub.asked('call.alerting')).toHaveLength(1);
    hub.welcome([ringing({ rev: 3 })], false);
    expect(hub.asked('call.alerting')).toHaveLength(2);
    FakeContext.running = true;
  });

  test('answered on another device: silent, then shown as running there', async () => {
    const { hub, ports, store } = rig();
    hub.show(ringing());
    hub.show(view({ rev: 2, ended: 'answered_elsewhere' }));
    expect(store.picture.incoming).toEqual([]);
    expect(ports.peer.closed).toBe(true);
    hub.show(view({ rev: 3, me: { here: false, device: 'Phone', peer: null } }));
    expect(store.picture.elsewhere.map((call) => call.me.device)).toEqual(['Phone']);
    expect(ports.peers).toHaveLength(1);
  });

  test('end-and-answer and hold-and-answer say what becomes of the running call', async () => {
    const { hub, store } = rig();
    hub.show(view());
    hub.show(ringing({ call: 'c2' }));
    hub.replies.set('call.answer', () => view({ call: 'c2', rev: 2, started_at: 5_000 }));
    await store.answer('c2', { current: 'leave' });
    expect(hub.asked('call.answer')).toMatchObject([{ call: 'c2', current: 'leave' }]);
  });
});

describe('what is sent', () => {
  async function talking() {
    const parts = rig();
    parts.hub.show(view());
    await settle();
    return { ...parts, live: parts.store.current! };
  }

  test('mute stops sending at once and tells the server', async () => {
    const { hub, ports, live } = await talking();
    await live.set('mic', false);
    await settle();
    expect(ports.peer.sending('audio')).toEqual([null]);
    expect(tracks[0]!.enabled).toBe(false);
    expect(hub.asked('call.sources')).toEqual([{ call: 'c1', sources: { ...VOICE, mic: false } }]);
    await live.set('mic', true);
    await settle();
    expect(ports.peer.sending('audio')).toEqual([tracks[0]]);
    expect(tracks[0]!.enabled).toBe(true);
  });

  test('camera off puts its light out', async () => {
    const { ports, live } = await talking();
    await live.set('camera', true);
    await settle();
    const camera = tracks.at(-1)!;
    expect(ports.peer.sending('video')[0]).toBe(camera);
    expect(live.own('camera')).not.toBeNull();
    await live.set('camera', false);
    await settle();
    expect(camera.readyState).toBe('ended');
    expect(ports.peer.sending('video')[0]).toBeNull();
    expect(live.own('camera')).toBeNull();
  });

  test('a share that the browser ends is off for everybody', async () => {
    const { hub, live, store } = await talking();
    await live.set('screen', true);
    await settle();
    tracks.at(-1)!.dispatchEvent(new Event('ended'));
    await settle();
    expect(live.sources.screen).toBe(false);
    expect(hub.asked('call.sources').at(-1)).toMatchObject({ sources: { screen: false } });
    expect(store.trouble).toBeNull();
  });

  test('an unplugged microphone mutes and is told', async () => {
    const { live, store } = await talking();
    tracks[0]!.dispatchEvent(new Event('ended'));
    await settle();
    expect(live.sources.mic).toBe(false);
    expect(store.trouble?.problem).toMatchObject({ device: 'mic', kind: 'unplugged' });
  });

  test('closing the choice of screens changes nothing', async () => {
    const { hub, live, store } = await talking();
    vi.spyOn(navigator.mediaDevices, 'getDisplayMedia').mockRejectedValue(
      new DOMException('', 'NotAllowedError'),
    );
    await live.set('screen', true);
    expect(live.sources.screen).toBe(false);
    expect(hub.asked('call.sources')).toEqual([]);
    expect(store.trouble).toBeNull();
  });

  test('on hold nothing is sent, and all comes back on resuming', async () => {
    const { hub, ports, live } = await talking();
    await live.set('camera', true);
    await settle();
    hub.show(view({ rev: 2, me: { state: 'held' } }));
    await settle();
    expect(ports.peer.sending('audio')).toEqual([null]);
    expect(tracks[1]!.readyState).toBe('ended');
    hub.show(view({ rev: 3 }));
    await settle();
    expect(ports.peer.sending('audio')).toEqual([tracks[0]]);
    expect(ports.peer.sending('video')[0]).toBe(tracks[2]);
    expect(ports.offers).toHaveLength(1);
  });

  test('the call that was answered has the microphone, the held one not', async () => {
    const { hub, ports } = await talking();
    const first = ports.peer;
    hub.show(view({ rev: 2, me: { state: 'held' } }));
    hub.show(view({ call: 'c2', started_at: 9_000 }));
    await settle();
    expect(first.sending('audio')).toEqual([null]);
    expect(ports.peer.sending('audio')).toEqual([tracks[0]]);
    expect(tracks[0]!.enabled).toBe(true);
  });
});

describe('reconnecting', () => {
  test('a reloaded page takes its call up again as it was', async () => {
    const { hub, ports, store } = rig();
    const mine = party(ME, 'connected', { sources: { mic: false, camera: true, screen: true } });
    hub.welcome([view({ parties: [mine, party('p2', 'connected')] })], true);
    await settle();
    expect(store.current?.sources).toEqual({ mic: false, camera: true, screen: false });
    expect(ports.peer.sending('audio')).toEqual([null]);
    expect(ports.peer.sending('video')[0]).toBe(tracks[0]);
  });

  test('calls that are not in the snapshot broke off', () => {
    const { hub, store } = rig();
    hub.show(view());
    hub.welcome([], false);
    expect(store.current).toBeNull();
    expect(store.finished).toMatchObject({ view: { ended: 'failed' } });
  });

  test('when another tab takes over, this one lets go without hanging up', async () => {
    const { hub, ports, store } = rig();
    hub.show(view());
    await settle();
    hub.status({ name: 'stopped', why: 'replaced' });
    expect(store.current).toBeNull();
    expect(ports.peer.closed).toBe(true);
    expect(store.finished).toBeNull();
    expect(hub.asked('call.leave')).toEqual([]);
    expect(tracks[0]!.readyState).toBe('ended');
  });

  test('a lost peer is replaced', async () => {
    const { hub, ports } = rig();
    hub.show(view());
    await settle();
    hub.event('media.lost', { call: 'c1' });
    await settle();
    expect(ports.peers).toHaveLength(2);
    expect(ports.peer.sending('audio')).toEqual([tracks[0]]);
  });
});

describe('signs', () => {
  async function group() {
    const { hub, ports, store } = rig();
    const parties = [
      party(ME, 'connected', { peer: 'peer-me' }),
      party('p2', 'connected'),
      party('p3', 'connected'),
    ];
    hub.show(view({ kind: 'group', parties }));
    await settle();
    ports.peer.openChannel();
    return { hub, ports, live: store.current!, parties };
  }

  test('a raised hand is sent, and sent again to those who come later', async () => {
    const { hub, ports, live, parties } = await group();
    live.raiseHand(true);
    expect(ports.peer.channel.sent).toHaveLength(1);
    hub.show(view({ rev: 2, kind: 'group', parties: [...parties, party('p4', 'connected')] }));
    expect(ports.peer.channel.sent).toHaveLength(2);
    expect(JSON.parse(ports.peer.channel.sent[1]!)).toEqual({ type: 'hand', from: 'peer-me', up: true });
  });

  test('only people of the call may speak, and nobody in our name', async () => {
    const { ports, live } = await group();
    for (const from of ['peer-p2', 'peer-stranger', 'peer-me']) {
      ports.peer.hear(JSON.stringify({ type: 'hand', from, up: true }));
    }
    ports.peer.hear('nonsense');
    expect([...live.hands]).toEqual(['peer-p2']);
  });

  test('who leaves takes the hand down', async () => {
    const { hub, ports, live, parties } = await group();
    ports.peer.hear(JSON.stringify({ type: 'hand', from: 'peer-p2', up: true }));
    hub.show(view({ rev: 2, kind: 'group', parties: [parties[0]!, parties[2]!] }));
    expect([...live.hands]).toEqual([]);
  });

  test('reactions pass by', async () => {
    const { ports, live } = await group();
    live.react('👍');
    ports.peer.hear(JSON.stringify({ type: 'reaction', from: 'peer-p2', emoji: '🎉' }));
    expect(live.reactions.map((reaction) => reaction.emoji)).toEqual(['👍', '🎉']);
    await ports.advance(4_000);
    expect(live.reactions).toEqual([]);
  });
});

test('quality takes the worse of what both ends see', async () => {
  const { hub, store } = rig();
  hub.show(view());
  await settle();
  hub.event('media.quality', {
    call: 'c1',
    quality: { loss_up: 0.2, loss_down: 0, rtt_ms: 30, jitter_ms: 2 },
  });
  await settle();
  expect(store.current?.quality).toEqual({ word: 'poor', cause: 'loss_up' });
});
