/** How long to wait before the next attempt to connect. */

/** First step in milliseconds. Smaller: a single drop is mended sooner; larger: a stopped server sees a flatter storm. */
const BASE_MS = 500;
/** Longest wait. Larger spreads the reconnect of a whole city more thinly, and leaves people unreachable for longer. */
const CAP_MS = 30_000;
/** Longest wait during a call: the server keeps a device without a socket in its call for 60 s only. */
const CAP_IN_CALL_MS = 4_000;

/**
 * Exponential growth with full jitter: a uniform value below the growing limit, so clients that were cut off together do
 * not come back together.
 *
 * @param attempt failures in a row before this wait, from 0
 * @param random uniform in [0, 1)
 */
export function reconnectDelay(attempt: number, inCall: boolean, random: number): number {
  const cap = inCall ? CAP_IN_CALL_MS : CAP_MS;
  const limit = Math.min(cap, BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.floor(random * limit);
}
