import type { PersonId } from '../gen/wire';
import type { Callees } from './store-types';

/** What the app's choice of people is given: what for, who cannot be chosen, and where the result goes. */
export interface PickPeople {
  /** `transfer` takes one person or number, `add` takes several. */
  purpose: 'add' | 'transfer';
  /** People who are in the call already. */
  exclude: readonly PersonId[];
  /** Called once with those who were chosen. */
  onpick: (chosen: Callees) => void;
  onclose: () => void;
}
