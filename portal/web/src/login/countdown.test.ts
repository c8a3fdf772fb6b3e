import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Countdown } from './countdown.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('counts down to zero and says that it is over', () => {
  const countdown = new Countdown();
  countdown.start(2500);
  expect(countdown.seconds).toBe(3);
  vi.advanceTimersByTime(1000);
  expect(countdown.seconds).toBe(2);
  expect(countdown.over).toBe(false);
  vi.advanceTimersByTime(1500);
  expect([countdown.seconds, countdown.over]).toEqual([0, true]);
  expect(vi.getTimerCount()).toBe(0);
});

it('goes by the clock when ticks were missed', () => {
  const countdown = new Countdown();
  countdown.start(60_000);
  vi.setSystemTime(Date.now() + 50_000);
  vi.advanceTimersByTime(250);
  expect(countdown.seconds).toBe(10);
  countdown.stop();
});
