import { beforeEach, describe, expect, test, vi } from 'vitest';

import { HubError } from '../net/errors';
import { MediaConnection, type MediaEvents } from './media-connection';
import { FakePorts, FakeStream, FakeTrack, settle } from './testing/fake-media';

beforeEach(() => vi.stubGlobal('MediaStream', FakeStream));

function rig() {
  const ports = new FakePorts();
  const events = {
    onState: vi.fn(),
    onFlows: vi.fn(),
    onMessage: vi.fn(),
    onChannelOpen: vi.fn(),
  } satisfies MediaEvents;
  return { ports, events, media: new MediaConnection('c1', ports, events) };
}

describe('the first offer', () => {
  test('has all sending sections without tracks, and slots for a 1:1 call', async () => {
    const { ports } = rig();
    await settle();
    expect(ports.offers).toEqual([
      {
        sdp: 'offer 1',
        sends: [
          { mid: '0', source: 'mic' },
          { mid: '1', source: 'camera' },
          { mid: '2', source: 'screen' },
        ],
      },
    ]);
    expect(ports.peer.sending('audio')).toEqual([null]);
    expect(ports.peer.slots()).toBe(3);
  });

  test('a track comes later without another offer', async () => {
    const { ports, media } = rig();
    await settle();
    const track = new FakeTrack('audio');
    await media.setTrack('mic', track as unknown as MediaStreamTrack);
    expect(ports.peer.sending('audio')).toEqual([track]);
    expect(ports.offers).toHaveLength(1);
  });
});

describe('growing', () => {
  test('more people need one more offer', async () => {
    const { ports, media } = rig();
    await settle();
    media.grow({ audio: 3, video: 4 });
    await settle();
    expect(ports.peer.slots()).toBe(7);
    expect(ports.offers).toHaveLength(2);
    media.grow({ audio: 2, video: 3 });
    await settle();
    expect(ports.offers).toHaveLength(2);
  });

  test('wishes during an offer wait for it and share the next one', async () => {
    const { ports, media } = rig();
    let answer: (value: { sdp: string }) => void = () => {};
    ports.answer = () => new Promise((resolve) => (answer = resolve));
    await settle();
    media.grow({ audio: 2, video: 3 });
    media.grow({ audio: 3, video: 4 });
    await settle();
    expect(ports.offers).toHaveLength(1);
    ports.answer = async () => ({ sdp: 'answer' });
    answer({ sdp: 'answer' });
    await settle();
    expect(ports.offers).toHaveLength(2);
    expect(ports.peer.slots()).toBe(7);
  });
});

describe('what is received', () => {
  test('the table of the server, as far as there are sections for it', async () => {
    const { media, events } = rig();
    await settle();
    media.setSlots([
      { mid: '3', peer: 'a', source: 'mic' },
      { mid: '4', peer: 'a', source: 'camera' },
      { mid: '77', peer: 'b', source: 'mic' },
      { mid: '5', peer: null, source: null },
    ]);
    expect(events.onFlows).toHaveBeenCalled();
    expect(media.remote().map(({ peer, source }) => [peer, source])).toEqual([
      ['a', 'mic'],
      ['a', 'camera'],
    ]);
    expect(media.remote()[0]!.stream).toBe(media.remote()[0]!.stream);
  });
});

describe('trouble', () => {
  test('a lasting interruption restarts ICE on the same connection', async () => {
    const { ports, events } = rig();
    await settle();
    ports.peer.become('connected');
    ports.peer.become('disconnected');
    expect(events.onState).toHaveBeenLastCalledWith('recovering');
    await ports.advance(2_000);
    expect(ports.peers).toHaveLength(1);
    expect(ports.peer.offers.map((offer) => offer.iceRestart)).toEqual([false, true]);
  });

  test('a lost peer is made anew and sends the same tracks', async () => {
    const { ports, media } = rig();
    await settle();
    const track = new FakeTrack('audio');
    await media.setTrack('mic', track as unknown as MediaStreamTrack);
    const first = ports.peer;
    first.become('connected');
    media.notify({ type: 'lost' });
    await settle();
    expect(first.closed).toBe(true);
    expect(ports.peers).toHaveLength(2);
    expect(ports.peer.sending('audio')).toEqual([track]);
    expect(ports.offers).toHaveLength(2);
    first.become('failed');
    expect(ports.peers).toHaveLength(2);
  });

  test('an offer that got no answer is taken back and made again', async () => {
    const { ports } = rig();
    ports.answer = () => Promise.reject(HubError.lost('timeout'));
    await settle();
    expect(ports.peer.signalingState).toBe('stable');
    ports.answer = async () => ({ sdp: 'answer' });
    await ports.advance(2_000);
    expect(ports.offers).toHaveLength(2);
  });

  test('an offer that the server cannot read leads to another connection, a bounded number of times', async () => {
    const { ports, events } = rig();
    const text = { zh: '', en: '' };
    ports.answer = () => Promise.reject(HubError.refused({ code: 'bad_offer', text }));
    await settle();
    await ports.advance(60_000);
    expect(ports.peers).toHaveLength(5);
    expect(events.onState).toHaveBeenLastCalledWith('failed');
  });

  test('a call that is over is not offered to again', async () => {
    const { ports, events } = rig();
    ports.answer = () => Promise.reject(HubError.refused({ code: 'no_such_call', text: { zh: '', en: '' } }));
    await settle();
    await ports.advance(60_000);
    expect(ports.offers).toHaveLength(1);
    expect(events.onState).not.toHaveBeenCalled();
  });

  test('after close nothing happens any more', async () => {
    const { ports, media } = rig();
    await settle();
    media.close();
    await ports.advance(60_000);
    media.notify({ type: 'lost' });
    await settle();
    expect(ports.offers).toHaveLength(1);
    expect(ports.peer.closed).toBe(true);
  });
});
