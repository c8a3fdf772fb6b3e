import { calls } from '../call';

/** Calls people, by voice or by video. The call layer tells how it goes, failures included. */
export function dial(people: readonly string[], video: boolean): void {
  void calls.start(people, { video });
}
