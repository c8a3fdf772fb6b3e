/** The bodies of the REST interface, under the names that the app uses. `gen/api.ts` comes from the server itself. */
import type { components } from '../gen/api';

type Schemas = components['schemas'];

export type Person = Schemas['PersonView'];
export type Me = Schemas['Me'];
export type Login = Schemas['LoginView'];
export type Unit = Schemas['UnitView'];
export type PeoplePage = Schemas['PeoplePage'];
export type Hit = Schemas['Hit'];
export type Matched = Hit['matched'];
export type SearchResult = Schemas['Hits'];
export type CallsPage = Schemas['HistoryPage'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type HistoryPerson = Schemas['HistoryPerson'];
