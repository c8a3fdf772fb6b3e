import { createSubscriber } from 'svelte/reactivity';

/** Lists say "yesterday" and the home page "good morning": a minute is exact enough for both. */
const STEP_MS = 60_000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, STEP_MS);
  return () => clearInterval(timer);
});

/** The present in UTC milliseconds; in a template it moves on each minute. */
export function minuteClock(): number {
  subscribe();
  return Date.now();
}
