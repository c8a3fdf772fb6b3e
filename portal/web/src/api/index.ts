/** The REST interface, one function per endpoint. */
import { queryOf } from '../admin/query';
import type {
  FreshAccount,
  PhoneAccount,
  PhoneSetup,
  RecordFilter,
  RecordsPage,
  Trunk,
} from '../admin/types';
import { get, send, type RequestOptions } from './request';
import type { CallsPage, Login, Me, PeoplePage, Person, SearchResult, Unit } from './types';

export type * from './types';
export { ApiError, asApiError } from './error';
export { isAbort, onNotLoggedIn, type RequestOptions } from './request';

/** People per page of a unit's list. */
const PEOPLE_PER_PAGE = 100;
/** Hits of one search; nobody reads more, and the next letter narrows them. */
const HITS = 50;
/** Calls per page of the history. */
const CALLS_PER_PAGE = 50;

/** Call records per page. */
const RECORDS_PER_PAGE = 100;

const path = encodeURIComponent;

export function logIn(account: string, password: string): Promise<Me> {
  return send('POST', '/api/login', { account, password });
}

/** Ends this browser's log-in. */
export function logOut(): Promise<void> {
  return send('POST', '/api/logout');
}

/** Ends all log-ins of the person, this one included. */
export function logOutEverywhere(): Promise<void> {
  return send('POST', '/api/logout-everywhere');
}

export function me(): Promise<Me> {
  return get('/api/me');
}

export async function logins(options?: RequestOptions): Promise<Login[]> {
  return (await get<{ logins: Login[] }>('/api/logins', {}, options)).logins;
}

/** Ends another log-in of one's own. */
export function endLogin(id: string): Promise<void> {
  return send('DELETE', `/api/logins/${path(id)}`);
}

/** The whole tree of units. */
export async function units(options?: RequestOptions): Promise<Unit[]> {
  return (await get<{ units: Unit[] }>('/api/units', {}, options)).units;
}

export function peopleOfUnit(unit: string, after?: string, options?: RequestOptions): Promise<PeoplePage> {
  return get(`/api/units/${path(unit)}/people`, { after, limit: PEOPLE_PER_PAGE }, options);
}

export function person(id: string, options?: RequestOptions): Promise<Person> {
  return get(`/api/people/${path(id)}`, {}, options);
}

/** People whose name, post, unit or extension matches; with `unit`, only those in it and below. */
export function search(q: string, unit?: string, options?: RequestOptions): Promise<SearchResult> {
  return get('/api/search', { q, unit, limit: HITS }, options);
}

/** Calls, newest first, older than `before`. */
export function calls(before?: number, limit = CALLS_PER_PAGE, options?: RequestOptions): Promise<CallsPage> {
  return get('/api/calls', { before, limit }, options);
}

/** Call records that match, newest first; administrators only, as all below `/api/admin`. */
export function callRecords(
  filter: RecordFilter,
  cursor?: string,
  options?: RequestOptions,
): Promise<RecordsPage> {
  return get('/api/admin/call-records', { ...queryOf(filter), cursor, limit: RECORDS_PER_PAGE }, options);
}

/** The PBXs and how they are. */
export async function trunks(options?: RequestOptions): Promise<Trunk[]> {
  return (await get<{ trunks: Trunk[] }>('/api/admin/trunks', {}, options)).trunks;
}

/** Accounts of telephones that register here. */
export async function phones(options?: RequestOptions): Promise<PhoneAccount[]> {
  return (await get<{ phones: PhoneAccount[] }>('/api/admin/phones', {}, options)).phones;
}

/** Makes an account; the answer holds its password, this once. */
export function addPhone(phone: {
  extension: string;
  name: string;
  person: string | null;
}): Promise<FreshAccount> {
  return send('POST', '/api/admin/phones', phone);
}

/** Gives an account another password. */
export function renewPhone(user: string): Promise<PhoneSetup> {
  return send('POST', `/api/admin/phones/${path(user)}/password`);
}

export function removePhone(user: string): Promise<void> {
  return send('DELETE', `/api/admin/phones/${path(user)}`);
}

/** Marks missed calls as seen on all devices, up to a time. */
export function markCallsSeen(upTo: number): Promise<void> {
  return send('POST', '/api/calls/seen', { up_to: upTo });
}
