import { calls, type Callees } from '../call';

/** Calls people, by voice or by video. The call layer tells how it goes, failures included. */
export function dial(people: readonly string[], video: boolean): void {
  dialAll({ people }, video);
}

/** Calls people and telephone numbers together. */
export function dialAll(callees: Callees, video: boolean): void {
  void calls.start(callees, { video });
}

/** Calls a telephone number. */
export function dialNumber(number: string): void {
  void calls.start({ numbers: [number] });
}
