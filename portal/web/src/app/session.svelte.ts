/** Who is logged in here. */
import * as api from '../api';
import type { ApiError, Me } from '../api';

export type SessionState =
  | { name: 'checking' }
  /** `ended`: the log-in was ended from elsewhere, or ran out; `left`: the person logged out here. */
  | { name: 'out'; why: 'new' | 'left' | 'ended' }
  | { name: 'in'; me: Me }
  | { name: 'unreachable'; error: ApiError };

const state = $state<{ session: SessionState }>({ session: { name: 'checking' } });

export function session(): SessionState {
  return state.session;
}

/** Whether the person logged in may administer. The server decides each time; this only hides what would be refused. */
export function isAdministrator(): boolean {
  return state.session.name === 'in' && state.session.me.roles.includes('administrator');
}

/** The person logged in; only the pages behind the log-in may ask. */
export function myself(): Me {
  if (state.session.name !== 'in') throw new Error('nobody is logged in');
  return state.session.me;
}

/** Asks the server whether this browser is logged in. */
export async function checkSession(): Promise<void> {
  try {
    state.session = { name: 'in', me: await api.me() };
  } catch (error) {
    const failure = api.asApiError(error);
    state.session =
      failure.status === 401 ? { name: 'out', why: 'new' } : { name: 'unreachable', error: failure };
  }
}

/** The log-in page succeeded. */
export function entered(me: Me): void {
  state.session = { name: 'in', me };
}

/** The log-in has ended; pages behind it close. */
export function loggedOut(why: 'left' | 'ended'): void {
  if (state.session.name === 'in') state.session = { name: 'out', why };
}
