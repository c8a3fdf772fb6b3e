import type { TopicHead, TopicPosition } from '../gen/wire';

/** What a head or an event of a durable topic asks for. */
export type Verdict =
  /** Nothing to do: known already. */
  | 'known'
  /** The next event: hand it on. */
  | 'new'
  /** Events are missing: subscribe from the position, they come again. */
  | 'behind'
  /** The position is of no use to the server: read the state over HTTP. */
  | 'reset';

/** Most topics that are remembered; the server's own limit on subscriptions is lower. */
const MAX_TOPICS = 64;

/** How far this client has handled each durable topic, and which gaps it has asked the server to fill. */
export class Topics {
  readonly #positions = new Map<string, { epoch: number; seq: number }>();
  /** Topics whose missed events were asked for, by the id of the request. */
  readonly #asked = new Map<number, string>();

  constructor(stored: readonly TopicPosition[]) {
    for (const { topic, epoch, seq } of stored.slice(0, MAX_TOPICS))
      this.#positions.set(topic, { epoch, seq });
  }

  /** All positions, as `hello` and `subscribe` carry them. */
  positions(): TopicPosition[] {
    return [...this.#positions].map(([topic, at]) => ({ topic, ...at }));
  }

  /** The position of one topic; epoch 0 when nothing is known. */
  position(topic: string): TopicPosition {
    return { topic, ...(this.#positions.get(topic) ?? { epoch: 0, seq: 0 }) };
  }

  /**
   * Compares a head that the server announced. `reset` moves the position to the head: the state read over HTTP covers
   * everything up to there. A head below the position is no error: a heartbeat may have been written before an event
   * that overtook it.
   */
  head(head: TopicHead): Verdict {
    const known = this.#positions.get(head.topic);
    if (!known || head.reset || known.epoch !== head.epoch) {
      if (!known && this.#positions.size >= MAX_TOPICS) return 'known';
      this.#positions.set(head.topic, { epoch: head.epoch, seq: head.seq });
      return 'reset';
    }
    return head.seq > known.seq ? 'behind' : 'known';
  }

  /** Judges an event by its sequence and, when it is the next one, moves the position to it. */
  event(topic: string, seq: number): Verdict {
    const known = this.#positions.get(topic);
    if (!known || seq > known.seq + 1) return 'behind';
    if (seq <= known.seq) return 'known';
    known.seq = seq;
    return 'new';
  }

  /** True while the missed events of this topic are on their way. */
  asking(topic: string): boolean {
    return [...this.#asked.values()].includes(topic);
  }

  /** A `subscribe` with this id asks for the missed events of a topic. */
  ask(id: number, topic: string): void {
    this.#asked.set(id, topic);
  }

  /** True when the reply with this id belongs to such a `subscribe`. */
  answered(id: number): boolean {
    return this.#asked.delete(id);
  }

  /** The connection is gone, and with it the replies. */
  disconnected(): void {
    this.#asked.clear();
  }

  /** Forgets every position; another person has logged in. */
  clear(): void {
    this.#positions.clear();
    this.#asked.clear();
  }
}
