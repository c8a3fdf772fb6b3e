import { SvelteMap } from 'svelte/reactivity';

import type { PresenceStatus } from '../gen/wire';
import type { Hub } from './socket';

/** Most people watched at once; the server's limit. */
export const MAX_WATCHED = 500;
/** Changes of the watched set within this time go out as one request. Larger: fewer requests while scrolling, later dots. */
const COLLECT_MS = 100;

/** Presence of the people whose dots are on the screen. */
export class PresenceStore {
  readonly #statuses = new SvelteMap<string, PresenceStatus>();
  /** How many parts of the screen watch a person; later ones are at the end. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- bookkeeping that no template reads
  readonly #watchers = new Map<string, number>();
  #scheduled = false;

  constructor(private readonly hub: Hub) {
    hub.on('presence.changed', ({ people }) => {
      for (const { person, status } of people)
        if (this.#watchers.has(person)) this.#statuses.set(person, status);
    });
    hub.onWelcome(() => this.#schedule());
  }

  /** The status of a person; `undefined` until the server has told. Reading it in a template follows it. */
  of(person: string): PresenceStatus | undefined {
    return this.#statuses.get(person);
  }

  /** Watches people until the returned function is called. */
  watch(people: readonly string[]): () => void {
    for (const person of people) {
      const count = this.#watchers.get(person) ?? 0;
      this.#watchers.delete(person);
      this.#watchers.set(person, count + 1);
    }
    this.#schedule();
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      for (const person of people) this.#forget(person);
      this.#schedule();
    };
  }

  #forget(person: string): void {
    const count = (this.#watchers.get(person) ?? 0) - 1;
    if (count > 0) {
      this.#watchers.set(person, count);
    } else {
      this.#watchers.delete(person);
      this.#statuses.delete(person);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      void this.#send();
    }, COLLECT_MS);
  }

  async #send(): Promise<void> {
    if (this.hub.status.name !== 'online') return;
    // The newest watchers win: what was scrolled away long ago matters least.
    const people = [...this.#watchers.keys()].slice(-MAX_WATCHED);
    try {
      const reply = await this.hub.request('presence.watch', { people });
      for (const { person, status } of reply.people) {
        if (this.#watchers.has(person)) this.#statuses.set(person, status);
      }
    } catch {
      // The next welcome, or the next change of the set, asks again.
    }
  }
}
