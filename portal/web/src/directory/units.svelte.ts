import * as api from '../api';
import type { ApiError } from '../api';
import { buildTree, type UnitTree } from './tree';

/** The organisation tree, read once for all pages. */
export class Units {
  tree = $state.raw<UnitTree | null>(null);
  error = $state.raw<ApiError | null>(null);
  #reading: Promise<void> | null = null;

  /** Reads the tree unless it is there or on its way. */
  load(): Promise<void> {
    if (this.tree) return Promise.resolve();
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(): Promise<void> {
    this.error = null;
    try {
      this.tree = buildTree(await api.units());
    } catch (error) {
      this.error = api.asApiError(error);
    }
  }
}

export const units = new Units();
