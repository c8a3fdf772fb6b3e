import type { QualityView } from '../gen/wire';

/** A connection in plain words. */
export type QualityWord = 'unknown' | 'good' | 'fair' | 'poor';

/** What is wrong with it, when something is. */
export type QualityCause = 'none' | 'loss_up' | 'loss_down' | 'delay' | 'jitter';

/** The verdict for people: a word and its main cause. */
export interface Quality {
  word: QualityWord;
  cause: QualityCause;
}

/**
 * Limits of fair and poor per cause. Opus with FEC and RED hides about 5 % loss; from 300 ms of round trip people begin
 * to talk over each other (ITU-T G.114: 150 ms one way); jitter beyond 60 ms makes the buffers of receivers grow audibly.
 */
const LIMITS: readonly {
  cause: QualityCause;
  of: (view: QualityView) => number;
  fair: number;
  poor: number;
}[] = [
  { cause: 'loss_up', of: (view) => view.loss_up, fair: 0.04, poor: 0.12 },
  { cause: 'loss_down', of: (view) => view.loss_down, fair: 0.04, poor: 0.12 },
  { cause: 'delay', of: (view) => view.rtt_ms, fair: 300, poor: 600 },
  { cause: 'jitter', of: (view) => view.jitter_ms, fair: 60, poor: 150 },
];

/** Turns the numbers of one report into a word and its cause. */
export function judge(view: QualityView): Quality {
  let worst: Quality = { word: 'good', cause: 'none' };
  let worstExcess = 1;
  for (const { cause, of, fair, poor } of LIMITS) {
    const value = of(view);
    const excess = value / fair;
    if (excess < worstExcess) continue;
    worstExcess = excess;
    worst = { word: value >= poor ? 'poor' : 'fair', cause };
  }
  return worst;
}

/** Reports needed before a better word is shown: words that flicker are worse than words that come late. */
const CALM_REPORTS = 2;

/** Follows the reports: worse shows at once, better after a few reports. */
export class QualityTrend {
  #shown: Quality = { word: 'unknown', cause: 'none' };
  #better = 0;

  /** Takes a report and returns what to show. */
  report(view: QualityView): Quality {
    const now = judge(view);
    const improves = RANK[now.word] < RANK[this.#shown.word];
    this.#better = improves ? this.#better + 1 : 0;
    if (!improves || this.#better >= CALM_REPORTS) {
      this.#shown = now;
      this.#better = 0;
    }
    return this.#shown;
  }
}

const RANK: Record<QualityWord, number> = { unknown: 0, good: 1, fair: 2, poor: 3 };
