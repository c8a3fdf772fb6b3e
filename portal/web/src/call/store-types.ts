import type { CallView, CurrentCall, PersonId } from '../gen/wire';
import type { MediaProblem } from './problems';
import type { Phase } from './view';

/** A call that is over, for the screen that says why. */
export interface Finished {
  view: CallView;
  /** What it was to this device before. */
  was: Phase;
  /** How long it lasted in milliseconds; `null` when nobody answered. */
  lasted: number | null;
}

/** A device cannot be used; `proceed` goes on without it. */
export interface Trouble {
  problem: MediaProblem;
  proceed: (() => void) | null;
}

/** Whom to call: colleagues, and telephone numbers as typed. */
export interface Callees {
  people?: readonly PersonId[];
  numbers?: readonly string[];
}

/** How to call. */
export interface StartOptions {
  video?: boolean;
  muted?: boolean;
}

/** How to answer. */
export interface AnswerOptions extends StartOptions {
  /** What becomes of the running call. */
  current?: CurrentCall;
}
