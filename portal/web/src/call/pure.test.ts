import { describe, expect, test, vi } from 'vitest';

import { changes } from './announce';
import { Newest } from './coalesce';
import { pick } from './devices.svelte';
import { clockText } from './elapsed';
import { arrange, columns, tilesOf, MAX_GRID } from './layout';
import { between, read, worse } from './local-quality';
import { levelOf } from './meter';
import { environmentProblem, problemOf, MediaProblem } from './problems';
import { judge, QualityTrend } from './quality';
import { endTone, toneFor } from './ring-plan';
import { decode, encode } from './room-messages';
import { ringShortcut, shortcut } from './shortcuts';
import { flows, MAX_SLOTS, slotsMissing, slotsNeeded } from './slots';
import { dialing, ME, party, ringing, view } from './testing/pictures';
import { TONES } from './tones';
import { picture } from './view';
import { endWords, partyEndWords, problemWords, titleOf } from './words';

describe('slots', () => {
  const group = (people: number) =>
    view({
      kind: 'group',
      parties: [
        party(ME, 'connected'),
        ...Array.from({ length: people }, (_, n) => party(`p${n}`, 'calling')),
      ],
    });

  test.each([
    [1, { audio: 1, video: 2 }],
    [3, { audio: 3, video: 4 }],
    [40, MAX_SLOTS],
  ])('%i others', (people, need) => expect(slotsNeeded(group(people), ME)).toEqual(need));

  test('an empty call keeps the first slots', () => {
    expect(slotsNeeded(view({ parties: [party(ME, 'connected'), party('p2', 'left')] }), ME)).toEqual({
      audio: 1,
      video: 2,
    });
  });

  test('only what is missing is added, nothing is taken away', () => {
    expect(slotsMissing({ audio: 1, video: 2 }, { audio: 3, video: 2 })).toEqual({ audio: 2, video: 0 });
    expect(slotsMissing({ audio: 5, video: 6 }, { audio: 1, video: 2 })).toEqual({ audio: 0, video: 0 });
  });

  test('empty slots and sections of another connection show nothing', () => {
    const table = [
      { mid: '3', peer: 'a', source: 'mic' as const },
      { mid: '4', peer: null, source: null },
      { mid: '9', peer: 'b', source: 'mic' as const },
    ];
    expect(flows(table, new Set(['3', '4']))).toEqual([{ mid: '3', peer: 'a', source: 'mic' }]);
  });
});

describe('quality', () => {
  const fine = { loss_up: 0, loss_down: 0, rtt_ms: 40, jitter_ms: 5 };
  test.each([
    [fine, 'good', 'none'],
    [{ ...fine, loss_down: 0.06 }, 'fair', 'loss_down'],
    [{ ...fine, loss_up: 0.2 }, 'poor', 'loss_up'],
    [{ ...fine, rtt_ms: 400 }, 'fair', 'delay'],
    [{ ...fine, jitter_ms: 200 }, 'poor', 'jitter'],
    [{ loss_up: 0.05, loss_down: 0.3, rtt_ms: 350, jitter_ms: 0 }, 'poor', 'loss_down'],
  ])('%o', (numbers, word, cause) => expect(judge(numbers)).toEqual({ word, cause }));

  test('worse shows at once, better after two reports', () => {
    const trend = new QualityTrend();
    expect(trend.report(fine).word).toBe('good');
    expect(trend.report({ ...fine, loss_up: 0.3 }).word).toBe('poor');
    expect(trend.report(fine).word).toBe('poor');
    expect(trend.report(fine).word).toBe('good');
  });

  test('what this device sees itself', () => {
    const entry = (received: number, lost: number): [string, Record<string, unknown>] => [
      'i',
      { type: 'inbound-rtp', kind: 'audio', packetsReceived: received, packetsLost: lost, jitter: 0.02 },
    ];
    const pair: [string, Record<string, unknown>] = [
      'c',
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.12 },
    ];
    const own = between(read([entry(100, 0)]), read([entry(190, 10), pair]));
    expect(own).toEqual({ loss_up: 0, loss_down: 0.1, rtt_ms: 120, jitter_ms: 20 });
    expect(worse(own, { ...fine, loss_up: 0.5 })).toMatchObject({ loss_up: 0.5, loss_down: 0.1 });
  });

  test('a new connection starts its counters again', () => {
    const before = { received: 900, lost: 30, jitter: 0, roundTrip: 0 };
    expect(between(before, { received: 5, lost: 0, jitter: 0, roundTrip: 0 }).loss_down).toBe(0);
  });
});

describe('layout', () => {
  const group = view({
    kind: 'group',
    parties: [party(ME, 'connected'), party('a', 'connected'), party('b', 'connected'), party('c', 'left')],
  });
  const keys = (list: { key: string }[]) => list.map((tile) => tile.key);

  test('everybody present has a picture, one who left has none', () => {
    expect(keys(tilesOf(group, ME, false))).toEqual(['me/camera', 'a/camera', 'b/camera']);
  });

  test('the speaker is large, and stays large in a pause', () => {
    const tiles = tilesOf(group, ME, false);
    const speaking = arrange(tiles, 'speaker', ['peer-b'], null);
    expect(keys(speaking.main)).toEqual(['b/camera']);
    expect(keys(speaking.strip)).toEqual(['me/camera', 'a/camera']);
    expect(keys(arrange(tiles, 'speaker', [], 'b/camera').main)).toEqual(['b/camera']);
  });

  test('one does not become large by speaking oneself', () => {
    expect(keys(arrange(tilesOf(group, ME, false), 'speaker', ['peer-me'], null).main)).toEqual(['a/camera']);
  });

  test("somebody's screen is large in both views, one's own is not", () => {
    const sharing = party('a', 'connected', { sources: { mic: true, camera: false, screen: true } });
    const tiles = tilesOf({ ...group, parties: [party(ME, 'connected'), sharing] }, ME, true);
    expect(keys(arrange(tiles, 'grid', [], null).main)).toEqual(['a/screen']);
    expect(keys(arrange(tiles, 'speaker', [], null).strip)).toEqual(['me/screen', 'me/camera', 'a/camera']);
  });

  test('a crowd does not fill the page without bound', () => {
    const crowd = view({ parties: Array.from({ length: 40 }, (_, n) => party(`p${n}`, 'connected')) });
    expect(arrange(tilesOf(crowd, ME, false), 'grid', [], null).main).toHaveLength(MAX_GRID);
  });

  test('columns', () => {
    expect([1, 2, 4, 5, 9, 16].map((count) => columns(count).wide)).toEqual([1, 2, 2, 3, 3, 4]);
    expect([1, 2, 3, 8, 9].map((count) => columns(count).narrow)).toEqual([1, 1, 2, 2, 3]);
  });
});

describe('sounds', () => {
  test('ringback only while somebody is really alerted', () => {
    expect(toneFor(picture([dialing('calling')]), ME)).toBeNull();
    expect(toneFor(picture([dialing('ringing')]), ME)).toBe('ringback');
    expect(toneFor(picture([view()]), ME)).toBeNull();
  });

  test('ringing, softer while one talks', () => {
    const second = ringing({ call: 'c2' });
    expect(toneFor(picture([second]), ME)).toBe('ring');
    expect(toneFor(picture([view(), second]), ME)).toBe('waiting');
    expect(toneFor(picture([view({ me: { state: 'held' } }), second]), ME)).toBe('ring');
  });

  test('the end of a call', () => {
    expect(endTone(dialing('left', { ended: 'busy' }))).toBe('busy');
    expect(endTone(view({ ended: 'ended' }))).toBe('ended');
    expect(endTone(dialing('left', { ended: 'cancelled' }))).toBeNull();
  });

  test('every tone fits into its period', () => {
    for (const { notes, every } of Object.values(TONES)) {
      for (const note of notes) expect(note.at + note.for).toBeLessThanOrEqual(every + 0.5);
    }
    expect(TONES.ringback).toMatchObject({ every: 3, notes: [{ for: 1, hz: [440, 480] }] });
  });
});

describe('messages between people', () => {
  test('round trip', () => {
    for (const message of [
      { type: 'hand', from: 'p', up: true },
      { type: 'reaction', from: 'p', emoji: '👍' },
    ] as const) {
      expect(decode(encode(message))).toEqual(message);
    }
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"type":"hand","from":"p"}',
    '{"type":"reaction","from":"p","emoji":"<b>"}',
    '{"type":"reaction","emoji":"👍"}',
    `{"type":"hand","from":"${'x'.repeat(300)}","up":true}`,
    new ArrayBuffer(4),
  ])('refuses %s', (text) => expect(decode(text)).toBeNull());
});

describe('problems', () => {
  const error = (name: string, message = '') => new DOMException(message, name);

  test.each([
    ['mic', 'NotAllowedError', 'denied'],
    ['camera', 'NotFoundError', 'missing'],
    ['mic', 'NotReadableError', 'busy'],
    ['mic', 'StrangeError', 'failed'],
  ] as const)('%s %s is %s', (device, name, kind) => expect(problemOf(device, error(name)).kind).toBe(kind));

  test('closing the choice of screens is no problem, a refusal of the system is', () => {
    expect(problemOf('screen', error('NotAllowedError', 'Permission denied by user')).kind).toBe('cancelled');
    expect(problemOf('screen', error('NotAllowedError', 'Permission denied by system')).kind).toBe('denied');
  });

  test('each problem has words', () => {
    for (const kind of [
      'denied',
      'missing',
      'busy',
      'unplugged',
      'failed',
      'insecure',
      'unsupported',
    ] as const) {
      for (const device of ['mic', 'camera', 'screen', 'speaker'] as const) {
        expect(problemWords(new MediaProblem(device, kind))).toMatch(/^call\.problem\./);
      }
    }
    expect(problemWords(new MediaProblem('screen', 'cancelled'))).toBeNull();
  });

  test('what the browser lacks', () => {
    const media = { getUserMedia: () => {} };
    expect(
      environmentProblem({
        isSecureContext: true,
        RTCPeerConnection: Event,
        navigator: { mediaDevices: media },
      }),
    ).toBeNull();
    expect(environmentProblem({ isSecureContext: false, RTCPeerConnection: Event, navigator: {} })).toBe(
      'insecure',
    );
    expect(environmentProblem({ isSecureContext: true, navigator: { mediaDevices: media } })).toBe(
      'unsupported',
    );
  });

  test('a chosen device is found by its name when its id has changed', () => {
    const list = [{ id: 'new', label: 'Headset' }];
    expect(pick(list, { id: 'old', label: 'Headset' })?.id).toBe('new');
    expect(pick(list, { id: 'old', label: 'Webcam' })).toBeUndefined();
    expect(pick([{ id: 'x', label: '' }], { id: 'old', label: '' })).toBeUndefined();
  });
});

describe('keys', () => {
  const key = (name: string, over = {}) => ({
    key: name,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    repeat: false,
    isComposing: false,
    ...over,
  });

  test('letters act, in either case', () => {
    expect(shortcut(key('m'), null)).toBe('mic');
    expect(shortcut(key('M'), { tagName: 'BUTTON' })).toBe('mic');
    expect(shortcut(key('x'), null)).toBeNull();
  });

  test('not while typing, not with modifiers, not while held down', () => {
    expect(shortcut(key('m'), { tagName: 'INPUT' })).toBeNull();
    expect(shortcut(key('m'), { tagName: 'DIV', isContentEditable: true })).toBeNull();
    expect(shortcut(key('m', { ctrlKey: true }), null)).toBeNull();
    expect(shortcut(key('m', { repeat: true }), null)).toBeNull();
    expect(shortcut(key('m', { isComposing: true }), null)).toBeNull();
  });

  test('answering needs modifiers', () => {
    const press = { code: 'KeyA', altKey: true, shiftKey: true, ctrlKey: false, metaKey: false };
    expect(ringShortcut(press)).toBe('answer');
    expect(ringShortcut({ ...press, code: 'KeyD' })).toBe('decline');
    expect(ringShortcut({ ...press, altKey: false })).toBeNull();
  });
});

describe('announcements', () => {
  const what = (before: ReturnType<typeof view> | null, after: ReturnType<typeof view>) =>
    changes(before, after, ME).map((said) => said.what);

  test('the way of a call', () => {
    expect(what(null, dialing('calling'))).toEqual(['calling']);
    expect(what(dialing('calling'), dialing('ringing'))).toEqual(['ringing']);
    expect(what(dialing('ringing'), view())).toEqual(['connected']);
    expect(what(view(), view())).toEqual([]);
  });

  test('an incoming call is said once', () => {
    expect(what(null, ringing())).toEqual(['incoming']);
    expect(what(ringing(), ringing({ me: { state: 'ringing' } }))).toEqual([]);
  });

  test('people of a group come and go', () => {
    const group = (state: 'ringing' | 'connected' | 'left') =>
      view({ kind: 'group', parties: [party(ME, 'connected'), party('p2', state)] });
    expect(what(group('ringing'), group('connected'))).toEqual(['joined']);
    expect(what(group('connected'), group('left'))).toEqual(['left']);
  });
});

describe('words', () => {
  test('being called reads differently from calling', () => {
    expect(endWords('no_answer', false)).toBe('call.end.no_answer');
    expect(endWords('no_answer', true)).toBe('call.end.no_answer_me');
    expect(endWords('busy', true)).toBe('call.end.busy');
    expect(partyEndWords('ended')).toBe('call.state.left');
    expect(partyEndWords('declined')).toBe('call.end.declined');
  });

  test('a call is named after the other person', () => {
    expect(titleOf(view(), ME)).toBe('Name p2');
    const group = ringing({
      kind: 'group',
      parties: [party('x', 'calling'), party('p2', 'connected'), party(ME, 'calling')],
    });
    expect(titleOf(group, ME)).toContain('Name p2');
    expect(titleOf(group, ME)).toContain('3');
  });

  test.each([
    [0, '0:00'],
    [67_900, '1:07'],
    [3_723_000, '1:02:03'],
    [-5, '0:00'],
  ])('%i ms is %s', (ms, text) => expect(clockText(ms)).toBe(text));
});

test('levels: silence is 0, full scale is 1', () => {
  expect(levelOf(new Float32Array(64))).toBe(0);
  expect(levelOf(new Float32Array(64).fill(1))).toBe(1);
  expect(levelOf(new Float32Array(64).fill(0.03))).toBeCloseTo(0.49, 1);
});

test('the newest value wins, and nothing in between is sent', async () => {
  const sent: number[] = [];
  let release: () => void = () => {};
  const failed = vi.fn();
  const newest = new Newest<number>(async (value) => {
    sent.push(value);
    await new Promise<void>((resolve) => (release = resolve));
    if (value === 1) throw new Error('lost');
  }, failed);
  for (const value of [1, 2, 3]) newest.push(value);
  release();
  await vi.waitFor(() => expect(sent).toEqual([1, 3]));
  expect(failed).toHaveBeenCalledOnce();
});
