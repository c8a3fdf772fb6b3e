/** The person's calls: the pages read so far, kept fresh by the events of the person's topic. */
import * as api from '../api';
import type { ApiError, HistoryEntry } from '../api';
import type { ChannelEvent } from '../gen/wire';

export class CallLog {
  /** Newest first. */
  entries = $state.raw<readonly HistoryEntry[]>([]);
  /** Missed calls not yet seen on any device: the badge. */
  unseen = $state(0);
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
  error = $state.raw<ApiError | null>(null);
  loadingMore = $state(false);
  #next = $state.raw<number | null>(null);
  /** Grows when the log is emptied or read anew, so that late answers are dropped. */
  #round = 0;

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Reads the first page, again if there is one. */
  async load(): Promise<void> {
    const round = ++this.#round;
    if (this.status !== 'ready') this.status = 'loading';
    try {
      const page = await api.calls();
      if (round !== this.#round) return;
      this.entries = page.calls;
      this.unseen = page.unseen_missed;
      this.#next = page.next ?? null;
      this.error = null;
      this.status = 'ready';
    } catch (error) {
      if (round !== this.#round) return;
      this.error = api.asApiError(error);
      if (this.status !== 'ready') this.status = 'failed';
    }
  }

  /** Reads one page of older calls. */
  async loadMore(): Promise<void> {
    if (this.#next === null || this.loadingMore) return;
    const round = this.#round;
    this.loadingMore = true;
    try {
      const page = await api.calls(this.#next);
      if (round !== this.#round) return;
      const known = this.entries.map((entry) => entry.call);
      this.entries = [...this.entries, ...page.calls.filter((entry) => !known.includes(entry.call))];
      this.#next = page.next ?? null;
      this.error = null;
    } catch (error) {
      if (round === this.#round) this.error = api.asApiError(error);
    } finally {
      this.loadingMore = false;
    }
  }

  /** An event of the topic arrived. Before the first page is read they only tell the badge. */
  handle(event: ChannelEvent): void {
    switch (event.type) {
      case 'history.missed':
        this.unseen = event.data.unseen_missed;
        this.#put(event.data.entry);
        break;
      case 'history.added':
        this.#put(event.data.entry);
        break;
      case 'history.seen':
        this.unseen = event.data.unseen_missed;
        this.#seen(event.data.up_to);
        break;
    }
  }

  /** The person looks at the list: tells the server, which tells the other devices. */
  async markSeen(): Promise<void> {
    const newest = Math.max(...this.entries.map((entry) => entry.ended_at ?? entry.started_at));
    if (this.unseen === 0 || !Number.isFinite(newest)) return;
    const before = this.unseen;
    this.unseen = 0;
    try {
      await api.markCallsSeen(newest);
    } catch {
      // Not told: the badge comes back, and the next look tells again.
      this.unseen = before;
    }
  }

  /** Somebody logged out. */
  clear(): void {
    this.#round++;
    this.entries = [];
    this.unseen = 0;
    this.#next = null;
    this.error = null;
    this.status = 'idle';
  }

  #put(entry: HistoryEntry): void {
    if (this.status !== 'ready') return;
    const others = this.entries.filter((other) => other.call !== entry.call);
    this.entries = [entry, ...others].sort((a, b) => b.started_at - a.started_at);
  }

  #seen(upTo: number): void {
    this.entries = this.entries.map((entry) =>
      entry.missed && entry.started_at <= upTo ? { ...entry, seen: true } : entry,
    );
  }
}

/** The log of whoever is logged in. */
export const callLog = new CallLog();
