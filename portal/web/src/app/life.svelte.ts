/** What happens when somebody comes and goes: the socket, the history, the end of a log-in. */
import { untrack } from 'svelte';

import * as api from '../api';
import { calls, startCalls } from '../call';
import { callLog } from '../history/log.svelte';
import { connection, hub } from '../net';
import { checkSession, loggedOut, session } from './session.svelte';

/** Less adds to the load of a server that comes up, more keeps people before a page that could be over. */
const KNOCK_MS = 8000;

/** Ties session, socket and history together; returns what unties them. */
export function startLife(): () => void {
  const stops = [
    hub.on('history.missed', (data) => callLog.handle({ type: 'history.missed', data })),
    hub.on('history.added', (data) => callLog.handle({ type: 'history.added', data })),
    hub.on('history.seen', (data) => callLog.handle({ type: 'history.seen', data })),
    // Events were lost: what they told is read again.
    hub.onReset(() => void callLog.load()),
    $effect.root(() => {
      const present = $derived(session().name === 'in');
      $effect(() => {
        if (present) return untrack(whilePresent);
      });
      $effect(() => {
        if (session().name === 'unreachable') return knock();
      });
      $effect(() => {
        if (connection.state === 'logged_out') loggedOut('ended');
      });
    }),
  ];
  api.onNotLoggedIn(() => loggedOut('ended'));
  void checkSession();
  return () => stops.forEach((stop) => stop());
}

/** The server did not answer: asks again by itself, until the returned function is called. */
function knock(): () => void {
  const ask = () => void checkSession();
  const timer = setInterval(ask, KNOCK_MS);
  window.addEventListener('online', ask);
  return () => {
    clearInterval(timer);
    window.removeEventListener('online', ask);
  };
}

/** Somebody is logged in, until the returned function is called. */
function whilePresent(): () => void {
  const stopCalls = startCalls();
  connection.start();
  void callLog.load();
  return () => {
    stopCalls();
    calls.clear();
    connection.stop();
    callLog.clear();
  };
}

/** Logs out on this device. The page shows the log-in even if the server cannot be told. */
export async function logOutHere(): Promise<void> {
  await api.logOut().catch(() => undefined);
  loggedOut('left');
}

/** Logs out on all devices. @throws ApiError when the server did not do it: then nobody is logged out. */
export async function logOutAll(): Promise<void> {
  await api.logOutEverywhere();
  loggedOut('left');
}
