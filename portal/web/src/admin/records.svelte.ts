/** The call records on the screen: the newest that match, and more on demand. */
import * as api from '../api';
import type { ApiError } from '../api';
import type { CallRecord, RecordFilter } from './types';

/** A pause in typing this long starts a search. */
const PAUSE_MS = 250;

export class Records {
  list = $state.raw<readonly CallRecord[]>([]);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  loadingMore = $state(false);
  error = $state.raw<ApiError | null>(null);
  #next = $state.raw<string | null>(null);
  #control: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Looks anew, after a pause in typing. */
  change(filter: RecordFilter): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(filter), PAUSE_MS);
  }

  /** Looks anew at once; what runs is cancelled. */
  async load(filter: RecordFilter): Promise<void> {
    const page = await this.#ask(filter, undefined);
    if (!page) return;
    this.list = page.records;
    this.#next = page.next ?? null;
    this.status = 'ready';
  }

  async more(filter: RecordFilter): Promise<void> {
    if (this.#next === null || this.loadingMore) return;
    this.loadingMore = true;
    const page = await this.#ask(filter, this.#next);
    this.loadingMore = false;
    if (!page) return;
    this.list = [...this.list, ...page.records];
    this.#next = page.next ?? null;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#control?.abort();
  }

  async #ask(filter: RecordFilter, cursor: string | undefined) {
    this.stop();
    const control = new AbortController();
    this.#control = control;
    this.error = null;
    try {
      return await api.callRecords(filter, cursor, { signal: control.signal });
    } catch (failure) {
      if (api.isAbort(failure)) return null;
      this.error = api.asApiError(failure);
      if (cursor === undefined) this.status = 'failed';
      return null;
    }
  }
}
