import { Connection } from './connection.svelte';
import { PresenceStore } from './presence.svelte';
import { Hub } from './socket';

/** The one socket of this page. */
export const hub = new Hub();
/** State of the connection, for the whole app. */
export const connection = new Connection(hub);
/** Presence of the people on the screen. */
export const presence = new PresenceStore(hub);

export { HubError } from './errors';
export type { ConnectionState } from './connection.svelte';
export type { HubEvent, WelcomeNews } from './socket';
