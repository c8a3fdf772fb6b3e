/** Search while typing: waits for a pause, cancels what is overtaken, keeps the last result until the next is there. */
import * as api from '../api';
import type { ApiError, SearchResult } from '../api';

/** A pause in typing this long starts a search. Less asks for half a word, more feels slow. */
const PAUSE_MS = 120;

/** The longest query that the server takes, in characters. */
export const MAX_QUERY = 60;

export type SearchState =
  /** Nothing is typed. */
  | { name: 'idle' }
  /** The first result is on its way. */
  | { name: 'searching' }
  /** `query`: what the result is for; `stale`: a newer one is on its way. */
  | { name: 'found'; query: string; result: SearchResult; stale: boolean }
  | { name: 'failed'; error: ApiError };

export class PeopleSearch {
  state = $state.raw<SearchState>({ name: 'idle' });
  #control: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The words or the tier changed. `tier`: the unit below which to search, `undefined` for the whole city. */
  change(text: string, tier: string | undefined): void {
    const query = text.trim();
    this.stop();
    if (query === '') {
      this.state = { name: 'idle' };
      return;
    }
    this.state = this.state.name === 'found' ? { ...this.state, stale: true } : { name: 'searching' };
    this.#timer = setTimeout(() => void this.#run(query, tier), PAUSE_MS);
  }

  /** Cancels what runs. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#control?.abort();
    this.#control = null;
  }

  async #run(query: string, tier: string | undefined): Promise<void> {
    const control = new AbortController();
    this.#control = control;
    try {
      const result = await api.search(query, tier, { signal: control.signal });
      this.state = { name: 'found', query, result, stale: false };
    } catch (error) {
      if (!api.isAbort(error)) this.state = { name: 'failed', error: api.asApiError(error) };
    }
  }
}
