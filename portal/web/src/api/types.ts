/** The bodies of the REST interface as the server documents them in `/api/openapi.json`. Ids are UUIDs, times UTC ms. */
import type { HistoryEntry } from '../gen/wire';

export type { HistoryEntry, HistoryPerson } from '../gen/wire';

export interface Person {
  id: string;
  name: string;
  /** Id of the unit. */
  unit: string;
  unit_name: string;
  /** Names of the units from the top down to the person's own. */
  path: string[];
  post: string;
  extension?: string | null;
  email: string;
  deputy?: { id: string; name: string } | null;
}

export interface Me {
  person: Person;
  /** The log-in of this browser. */
  login: string;
  /** Which proofs made the log-in. */
  factors: string[];
  language?: string | null;
}

export interface Login {
  id: string;
  /** What the device calls itself. */
  device: string;
  address: string;
  factors: string[];
  created_at: number;
  last_seen_at: number;
  /** The one that this browser uses. */
  current: boolean;
}

export interface Unit {
  id: string;
  /** `null` at the top. */
  parent: string | null;
  name: string;
  /** Order among the units of the same parent. */
  sort: number;
  /** People in the unit, sub-units included. */
  people: number;
}

export interface PeoplePage {
  people: Person[];
  /** Give it as `after` for the next page; absent on the last. */
  next?: string | null;
}

export type Matched = 'name' | 'post' | 'unit' | 'extension';

export interface Hit {
  person: Person;
  /** Which field the words were found in. */
  matched: Matched;
}

export interface SearchResult {
  hits: Hit[];
  /** More people match than were sent. */
  more: boolean;
}

export interface CallsPage {
  calls: HistoryEntry[];
  /** Give it as `before` for the next page; absent on the last. */
  next?: number | null;
  unseen_missed: number;
}
