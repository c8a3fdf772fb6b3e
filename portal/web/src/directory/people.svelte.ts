import * as api from '../api';
import type { ApiError, Person } from '../api';

/** People of one unit, page by page. */
export class UnitPeople {
  people = $state.raw<readonly Person[]>([]);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  loadingMore = $state(false);
  error = $state.raw<ApiError | null>(null);
  #next = $state.raw<string | null>(null);
  #unit = '';
  #control: AbortController | null = null;

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Shows another unit from its first page on. */
  async open(unit: string): Promise<void> {
    this.close();
    this.#unit = unit;
    this.people = [];
    this.status = 'loading';
    await this.#page(undefined, () => (this.status = 'failed'));
  }

  /** Reads the next page behind the others. */
  async loadMore(): Promise<void> {
    if (this.#next === null || this.loadingMore) return;
    this.loadingMore = true;
    await this.#page(this.#next, () => undefined);
    this.loadingMore = false;
  }

  /** Cancels what runs. */
  close(): void {
    this.#control?.abort();
    this.#next = null;
    this.error = null;
    this.loadingMore = false;
  }

  async #page(after: string | undefined, failed: () => void): Promise<void> {
    const control = new AbortController();
    this.#control = control;
    try {
      const page = await api.peopleOfUnit(this.#unit, after, { signal: control.signal });
      this.people = [...this.people, ...page.people];
      this.#next = page.next ?? null;
      this.error = null;
      this.status = 'ready';
    } catch (error) {
      if (api.isAbort(error)) return;
      this.error = api.asApiError(error);
      failed();
    }
  }
}
