import type { QualityView } from '../gen/wire';

/** Counters of one reading of `getStats`, summed over all received streams. */
export interface Reading {
  received: number;
  lost: number;
  /** Seconds; the largest of the audio streams. */
  jitter: number;
  /** Seconds; of the path in use. 0 while unknown. */
  roundTrip: number;
}

/** Sums up a report of `RTCPeerConnection.getStats`. */
export function read(report: Iterable<[string, Record<string, unknown>]>): Reading {
  const reading: Reading = { received: 0, lost: 0, jitter: 0, roundTrip: 0 };
  for (const [, entry] of report) {
    if (entry['type'] === 'inbound-rtp') {
      reading.received += number(entry['packetsReceived']);
      reading.lost += number(entry['packetsLost']);
      if (entry['kind'] === 'audio') reading.jitter = Math.max(reading.jitter, number(entry['jitter']));
    } else if (entry['type'] === 'candidate-pair' && entry['nominated'] === true) {
      reading.roundTrip = Math.max(reading.roundTrip, number(entry['currentRoundTripTime']));
    }
  }
  return reading;
}

/** What happened between two readings. Loss is what the network lost, before retransmission mended it. */
export function between(before: Reading, after: Reading): QualityView {
  const received = Math.max(0, after.received - before.received);
  const lost = Math.max(0, after.lost - before.lost);
  const all = received + lost;
  return {
    loss_up: 0,
    loss_down: all === 0 ? 0 : lost / all,
    rtt_ms: Math.round(after.roundTrip * 1000),
    jitter_ms: Math.round(after.jitter * 1000),
  };
}

/** The worse of two views of one connection: the server's and our own. */
export function worse(a: QualityView, b: QualityView): QualityView {
  return {
    loss_up: Math.max(a.loss_up, b.loss_up),
    loss_down: Math.max(a.loss_down, b.loss_down),
    rtt_ms: Math.max(a.rtt_ms, b.rtt_ms),
    jitter_ms: Math.max(a.jitter_ms, b.jitter_ms),
  };
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
