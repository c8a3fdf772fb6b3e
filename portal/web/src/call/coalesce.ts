/**
 * Sends the newest value only: while one is under way, later values replace each other, and the last one follows. A
 * person who presses mute five times in a second leaves one request behind, and the last state wins.
 */
export class Newest<T> {
  #next: { value: T } | null = null;
  #running = false;

  /**
   * @param send carries a value out; a rejection is told to `failed` and does not stop later values
   */
  constructor(
    private readonly send: (value: T) => Promise<unknown>,
    private readonly failed: (error: unknown) => void,
  ) {}

  push(value: T): void {
    this.#next = { value };
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#next) {
      const { value } = this.#next;
      this.#next = null;
      try {
        await this.send(value);
      } catch (error) {
        this.failed(error);
      }
    }
    this.#running = false;
  }
}
