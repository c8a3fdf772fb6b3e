/** What the app sounds like: pure descriptions; `tone-player.ts` plays them. */

/** One sound in a pattern. */
export interface Note {
  /** Start within the pattern, in seconds. */
  at: number;
  /** Length in seconds. */
  for: number;
  /** Frequencies that sound together, in Hz. */
  hz: readonly number[];
  /** 0 to 1. */
  volume: number;
  /** `steady` as a telephone tone, `struck` as a bell that dies away. */
  shape: 'steady' | 'struck';
}

/** A pattern, and when it begins anew. */
export interface Tone {
  notes: readonly Note[];
  /** Seconds from one start to the next. */
  every: number;
  /** How often it is played; `null` until it is stopped. */
  times: number | null;
}

/** Frequencies of telephone keys in Hz (ITU-T Q.23): one of the row, one of the column. */
const KEY_ROWS = [
  [697, '123A'],
  [770, '456B'],
  [852, '789C'],
  [941, '*0#D'],
] as const;
const KEY_COLUMNS = [1209, 1336, 1477, 1633];

/** The two tones of each key. */
export const KEY_TONES: Readonly<Record<string, readonly number[]>> = Object.fromEntries(
  KEY_ROWS.flatMap(([row, keys]) => KEY_COLUMNS.map((column, x) => [keys.charAt(x), [row, column]])),
);

export type ToneName = 'ring' | 'ringback' | 'waiting' | 'busy' | 'ended';

const struck = (at: number, hz: number, volume = 0.5): Note => ({
  at,
  for: 0.9,
  hz: [hz, hz * 2.01],
  volume,
  shape: 'struck',
});
const steady = (at: number, seconds: number, hz: readonly number[], volume: number): Note => ({
  at,
  for: seconds,
  hz,
  volume,
  shape: 'steady',
});

/** Pentatonic, so that two phones that ring in one office do not clash. */
const E5 = 659.26;
const G5 = 783.99;
const A5 = 880;
const C6 = 1046.5;

export const TONES: Readonly<Record<ToneName, Tone>> = {
  ring: {
    notes: [
      struck(0, E5),
      struck(0.18, G5),
      struck(0.36, A5),
      struck(0.54, C6),
      struck(1.0, A5, 0.4),
      struck(1.18, C6, 0.4),
    ],
    every: 3,
    times: null,
  },
  // As the public network of Taiwan rings back: 440 + 480 Hz, one second on, two off.
  ringback: { notes: [steady(0, 1, [440, 480], 0.12)], every: 3, times: null },
  // Two soft beeps over a running conversation, then long quiet.
  waiting: { notes: [steady(0, 0.12, [440], 0.14), steady(0.24, 0.12, [440], 0.14)], every: 5, times: null },
  // 480 + 620 Hz, half a second on and off.
  busy: { notes: [steady(0, 0.5, [480, 620], 0.12)], every: 1, times: 3 },
  ended: { notes: [struck(0, A5, 0.25), struck(0.16, E5, 0.25)], every: 1, times: 1 },
};
