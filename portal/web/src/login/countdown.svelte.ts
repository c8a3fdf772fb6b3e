/** Counts seconds down to zero, by the clock rather than by ticks: a sleeping laptop does not stretch it. */
export class Countdown {
  seconds = $state(0);
  /** It has run and reached zero. */
  over = $state(false);
  #until = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  start(ms: number): void {
    this.stop();
    this.over = false;
    this.#until = Date.now() + ms;
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), 250);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.seconds = Math.max(0, Math.ceil((this.#until - Date.now()) / 1000));
    if (this.seconds > 0) return;
    this.over = true;
    this.stop();
  }
}
