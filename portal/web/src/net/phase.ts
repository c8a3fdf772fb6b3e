import type { Status, Stopped, Waiting } from './session-io';

/** Where the connection stands; times are milliseconds of the clock that `handle` is given. */
export type Phase =
  | { name: 'stopped'; why: Stopped }
  | { name: 'ticket' | 'opening' | 'hello'; until: number }
  /** `until`: hearing nothing up to then means that the socket is dead. */
  | { name: 'online'; since: number; until: number }
  | { name: 'waiting'; why: Waiting; until: number };

/** What people are told of a phase. */
export function statusOf(phase: Phase): Status {
  switch (phase.name) {
    case 'stopped':
      return { name: 'stopped', why: phase.why };
    case 'online':
      return { name: 'online' };
    case 'waiting':
      return { name: 'waiting', why: phase.why, until: phase.until };
    default:
      return { name: 'connecting' };
  }
}
