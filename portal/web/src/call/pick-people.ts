import type { PersonId } from '../gen/wire';

/** What the app's choice of people is given: who cannot be chosen, and where the result goes. */
export interface PickPeople {
  /** People who are in the call already. */
  exclude: readonly PersonId[];
  /** Called once with those who were chosen. */
  onpick: (people: readonly PersonId[]) => void;
  onclose: () => void;
}
