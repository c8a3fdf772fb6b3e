import type { OfferSend } from '../gen/wire';

/** The part of a connection that negotiates. */
export interface Negotiable {
  /** Makes an offer and applies it locally; returns its SDP. */
  prepareOffer(): Promise<string>;
  /** Which sections of the offer send what. */
  sends(): OfferSend[];
  /** Applies the answer. */
  acceptAnswer(sdp: string): Promise<void>;
  /** Takes back an offer that got no answer. */
  rollBack(): Promise<void>;
}

/** Carries an offer to the server and brings its answer back. */
export type Exchange = (offer: { sdp: string; sends: OfferSend[] }) => Promise<{ sdp: string }>;

/**
 * Runs the offers of one connection one after the other. Wishes that come while an offer is under way are served
 * together by one more offer after it.
 */
export class Negotiator {
  #running: Promise<void> | null = null;
  #again: Promise<void> | null = null;

  constructor(
    private readonly connection: Negotiable,
    private readonly exchange: Exchange,
  ) {}

  /**
   * Makes an offer that covers everything decided before this call. Rejects with what went wrong; the connection is then
   * as it was before.
   */
  negotiate(): Promise<void> {
    if (!this.#running) return this.#start();
    // The offer under way was made before this wish, so another has to follow. One is enough for all who wait.
    this.#again ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#again = null;
        return this.#start();
      });
    return this.#again;
  }

  #start(): Promise<void> {
    this.#running = this.#once().finally(() => (this.#running = null));
    return this.#running;
  }

  async #once(): Promise<void> {
    const sdp = await this.connection.prepareOffer();
    try {
      const answer = await this.exchange({ sdp, sends: this.connection.sends() });
      await this.connection.acceptAnswer(answer.sdp);
    } catch (error) {
      await this.connection.rollBack().catch(() => {});
      throw error;
    }
  }
}
