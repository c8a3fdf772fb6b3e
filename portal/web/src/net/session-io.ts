import type { CallView, ChannelEvent, EventFrame, Request, TopicPosition } from '../gen/wire';
import type { Outcome } from './requests';

/** Close codes of the server (PROTOCOL.md); others are accidents of the network. */
export const CloseCode = {
  SlowConsumer: 4001,
  GoingAway: 4002,
  LoggedOut: 4003,
  Abuse: 4004,
  Replaced: 4005,
  BadHello: 4006,
} as const;

/** What survives a reload of the page, and goes over to another tab of the same browser. */
export interface Stored {
  /** The session to resume, or `null`. */
  session: string | null;
  /** Whose positions these are. */
  person: string | null;
  /** Smallest request id that was never used in this session. */
  nextId: number;
  /** How far each durable topic was handled. */
  topics: TopicPosition[];
}

/** An event of a durable topic: a channel event of the portal with its sequence. */
export type Durable = ChannelEvent & { topic: string; seq: number };

/** Why the next attempt is being waited for. */
export type Waiting = 'lost' | 'unreachable' | 'refused';

/** Why there is no connection and none is being tried. */
export type Stopped = 'new' | 'user' | 'logged_out' | 'replaced';

/** How the connection stands. */
export type Status =
  | { name: 'stopped'; why: Stopped }
  | { name: 'connecting' }
  | { name: 'online' }
  | { name: 'waiting'; why: Waiting; until: number };

/** News of one connection; `attempt` is the number that the output named. */
export type Connection = { attempt: number } & (
  | { type: 'ticket'; ticket: string }
  /** `status` is the HTTP status, 0 when there was no answer at all. */
  | { type: 'ticket_refused'; status: number; retryAfterMs: number }
  | { type: 'opened' }
  | { type: 'message'; text: string }
  | { type: 'closed'; code: number }
);

/** What happens to the session. */
export type Input =
  | Connection
  /** `stored`: what this browser kept of the session, perhaps written by another tab. */
  | { type: 'start'; stored: Stored | null }
  /** `bye` closes the session for good (log-out); otherwise it may be resumed. */
  | { type: 'stop'; bye: boolean }
  /** `key` names the request towards the caller. */
  | { type: 'request'; key: number; request: Request; deadlineMs: number }
  /** A call runs here: reconnecting is urgent. */
  | { type: 'in_call'; inCall: boolean }
  /** The network or the visibility of the page changed: find out at once whether the connection still lives. */
  | { type: 'network' }
  | { type: 'tick' };

/** What has to be done, in order. */
export type Output =
  | { type: 'fetch_ticket'; attempt: number }
  | { type: 'connect'; attempt: number; ticket: string }
  | { type: 'send'; text: string }
  | { type: 'close'; attempt: number }
  | { type: 'settled'; key: number; outcome: Outcome }
  /** The session is open; `calls` is the snapshot of all running calls. */
  | { type: 'welcome'; resumed: boolean; person: string; serverTime: number; calls: CallView[] }
  | { type: 'event'; frame: EventFrame | Durable }
  /** Events of this topic were lost to this client: read its state again over HTTP. */
  | { type: 'reset'; topic: string }
  | { type: 'status'; status: Status }
  | { type: 'persist'; stored: Stored };
