// Made from the Rust types by `switchboard export-types`. Do not edit.

/**
 * A call. Its room in the SFU has the same UUID.
 */
export type CallId = string;

/**
 * Two people, or more.
 */
export type CallKind = "direct" | "group";

/**
 * A call as one session sees it. `rev` grows with every change of the call; a view with a lower `rev` is stale.
 */
export type CallView = { 
/**
 * The call.
 */
call: CallId, 
/**
 * Revision, from 1.
 */
rev: number, 
/**
 * Direct or group.
 */
kind: CallKind, 
/**
 * Who started it.
 */
starter: PersonId, 
/**
 * True when it was started as a video call.
 */
video: boolean, 
/**
 * UTC milliseconds of the start.
 */
started_at: number, 
/**
 * UTC milliseconds of the first answer.
 */
answered_at: number | null, 
/**
 * My part.
 */
me: MyLeg, 
/**
 * Everybody, the receiver included, in the order in which they came.
 */
parties: Array<Party>, 
/**
 * Set when the call is over for this session: the last view that it gets, unless the call comes back to it. A device that
 * was silenced gets such a view, and after it sees the call go on at the other device, from where it can be taken.
 */
ended: EndReason | null, 
/**
 * True when this person may end the call for all.
 */
may_end: boolean, };

/**
 * An event of a durable topic: `{"type","data"}`.
 */
export type ChannelEvent = HistoryEvent;

/**
 * A request with the id that its reply echoes. Ids of one session grow; a repeated id after a resume gets the stored reply.
 */
export type ClientFrame = { 
/**
 * Chosen by the client, from 1, growing.
 */
id: number, } & Request;

/**
 * What becomes of the call that a person is in when another is answered.
 */
export type CurrentCall = "hold" | "leave";

/**
 * Whether the person called or was called.
 */
export type Direction = "out" | "in";

/**
 * Why a leg or a call ended.
 */
export type EndReason = "declined" | "busy" | "no_answer" | "cancelled" | "unreachable" | "failed" | "answered_elsewhere" | "declined_elsewhere" | "moved" | "transferred" | "number_unknown" | "line_down" | "ended";

/**
 * What went wrong with a request. The code is stable; the texts may be reworded.
 */
export type ErrorCode = "bad_frame" | "frame_too_large" | "rate_limited" | "bad_hello" | "too_many_subscriptions" | "topic_denied" | "no_such_call" | "wrong_state" | "no_such_person" | "calling_yourself" | "already_in_call" | "call_full" | "not_allowed" | "bad_offer" | "media_unavailable" | "bad_number" | "number_not_allowed" | "lines_busy" | "no_telephony" | "emergency_alone" | "draining" | "internal";

/**
 * Events of signaling itself. Durable topics carry the portal's channel events, whose union the portal defines.
 */
export type Event = { "type": "heartbeat", "data": { 
/**
 * UTC milliseconds of the server.
 */
server_time: number, 
/**
 * Heads of all subscribed durable topics.
 */
heads: Array<TopicHead>, } } | { "type": "resync", "data": { 
/**
 * The topic and its head.
 */
head: TopicHead, } } | { "type": "drain", "data": { 
/**
 * Wait this long before reconnecting, in milliseconds.
 */
reconnect_after_ms: number, } } | { "type": "call.state", "data": CallView } | { "type": "media.slots", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * All slots.
 */
slots: Array<SlotView>, } } | { "type": "media.speakers", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * Speaking peers.
 */
speakers: Array<PeerId>, } } | { "type": "media.quality", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * The numbers.
 */
quality: QualityView, } } | { "type": "media.lost", "data": { 
/**
 * The call.
 */
call: CallId, } } | { "type": "presence.changed", "data": { 
/**
 * Those who changed.
 */
people: Array<PresenceView>, } };

/**
 * An event. `seq` is present on durable topics only.
 */
export type EventFrame = { 
/**
 * `hub`, `call`, `presence`, or a durable topic such as `person:0190…`.
 */
topic: string, 
/**
 * Sequence in a durable topic, without gaps.
 */
seq?: number, } & Event;

/**
 * One call in a person's history.
 */
export type HistoryEntry = { 
/**
 * The call; an entry with the same call replaces the one before.
 */
call: CallId, 
/**
 * Called, or was called.
 */
direction: Direction, 
/**
 * Two people, or more.
 */
kind: CallKind, 
/**
 * Started as a video call.
 */
video: boolean, 
/**
 * The others, the starter first; at most 50.
 */
others: Array<HistoryPerson>, 
/**
 * UTC milliseconds of the call to this person.
 */
started_at: number, 
/**
 * UTC milliseconds of the answer.
 */
answered_at?: number, 
/**
 * UTC milliseconds of the end of this person's part.
 */
ended_at?: number, 
/**
 * Why it ended.
 */
reason?: EndReason, 
/**
 * A missed call.
 */
missed: boolean, 
/**
 * The person has looked at the missed call.
 */
seen: boolean, };

/**
 * Events of a person's history.
 */
export type HistoryEvent = { "type": "history.missed", "data": { 
/**
 * The call.
 */
entry: HistoryEntry, 
/**
 * Missed calls not looked at, for the badge.
 */
unseen_missed: number, } } | { "type": "history.added", "data": { 
/**
 * The call.
 */
entry: HistoryEntry, } } | { "type": "history.seen", "data": { 
/**
 * Those that began up to then (UTC milliseconds); 0 when one was joined after all and only the number changed.
 */
up_to: number, 
/**
 * Missed calls not looked at.
 */
unseen_missed: number, } };

/**
 * Another person of a call, or a telephone line.
 */
export type HistoryPerson = { 
/**
 * Who. A line's id is of this call only: look it up nowhere, and call `number` to call it again.
 */
person: PersonId, 
/**
 * Name as displayed; empty for somebody who has left the directory.
 */
name: string, 
/**
 * Unit, with the one above it.
 */
unit: string, 
/**
 * A telephone line, not a member of staff. Its name and unit are those of the time of the call.
 */
line: boolean, 
/**
 * Number of the line; absent for staff, and for a line that withheld it.
 */
number?: string, };

/**
 * Where one person stands in a call.
 */
export type LegState = "calling" | "ringing" | "connecting" | "connected" | "held" | "reconnecting" | "left";

/**
 * The receiving session's own part in the call.
 */
export type MyLeg = { 
/**
 * State of my leg, over all my devices. On a device that was silenced it is `left` with the reason.
 */
state: LegState, 
/**
 * Set when `state` is `left`.
 */
reason: EndReason | null, 
/**
 * True when the call is on this very session: it called or answered here, or the call is moving here.
 */
here: boolean, 
/**
 * The name of the device that the call is on, when it is not here.
 */
device: string | null, 
/**
 * The media peer of this session: given while ringing (to warm the connection) and in the call.
 */
peer: PeerId | null, };

/**
 * One sending section of an offer.
 */
export type OfferSend = { 
/**
 * `a=mid` of the section.
 */
mid: string, 
/**
 * What it carries.
 */
source: Source, };

/**
 * One person in a call.
 */
export type Party = { 
/**
 * Who.
 */
card: PersonCard, 
/**
 * State of the leg.
 */
state: LegState, 
/**
 * Set when `state` is `left`.
 */
reason: EndReason | null, 
/**
 * The media peer of the device in the call; slots and speakers name it.
 */
peer: PeerId | null, 
/**
 * What is on. All off until answered.
 */
sources: Sources, 
/**
 * The telephone system plays its own tone or announcement already: play no ringback tone over it.
 */
early_media: boolean, 
/**
 * Being called on behalf of this person, who is handing the call on and leaves it once this one answers.
 */
transfer_by: PersonId | null, };

/**
 * One transport (ICE + DTLS) of one device in one room.
 */
export type PeerId = string;

/**
 * What everybody may see of a person in a call or a ring.
 */
export type PersonCard = { 
/**
 * The person.
 */
person: PersonId, 
/**
 * Name as displayed.
 */
name: string, 
/**
 * Name of the unit, with its parent where needed.
 */
unit: string, 
/**
 * Post (職稱).
 */
post: string, 
/**
 * Desk-phone extension, where there is one; the number of a line.
 */
extension: string | null, 
/**
 * True: a telephone line, not a member of staff. `person` names it in this call only; to call it again, dial `extension`.
 * Name, unit and post are those of the directory for this number, else the name is what the telephone said, or the number.
 */
line: boolean, };

/**
 * A member of staff.
 */
export type PersonId = string;

/**
 * A person's presence.
 */
export type PresenceStatus = "available" | "in_call" | "away" | "offline";

/**
 * Presence of one person.
 */
export type PresenceView = { 
/**
 * Who.
 */
person: PersonId, 
/**
 * How reachable.
 */
status: PresenceStatus, };

/**
 * Connection quality in numbers; the UI turns it into words.
 */
export type QualityView = { 
/**
 * Loss from the device to the server, 0 to 1.
 */
loss_up: number, 
/**
 * Loss from the server to the device, 0 to 1.
 */
loss_down: number, 
/**
 * Round trip in milliseconds; 0 while unknown.
 */
rtt_ms: number, 
/**
 * Jitter in milliseconds.
 */
jitter_ms: number, };

/**
 * All replies.
 */
export type Reply = { "type": "ok", "data": Record<symbol, never> } | { "type": "error", "data": WireError } | { "type": "welcome", "data": Welcome } | { "type": "pong", "data": { 
/**
 * Heads of all subscribed durable topics.
 */
heads: Array<TopicHead>, } } | { "type": "subscribed", "data": { 
/**
 * Where each topic stands.
 */
topics: Array<TopicHead>, } } | { "type": "presence", "data": { 
/**
 * Everybody watched.
 */
people: Array<PresenceView>, } } | { "type": "call", "data": CallView } | { "type": "media.answer", "data": { 
/**
 * SDP of the answer.
 */
sdp: string, } };

/**
 * The answer to one request.
 */
export type ReplyFrame = { 
/**
 * Id of the request; 0 when the frame was so broken that it had none.
 */
id: number, } & Reply;

/**
 * All requests.
 */
export type Request = { "type": "hello", "data": { 
/**
 * The session to resume, if any.
 */
resume: SessionId | null, 
/**
 * What the device calls itself (1 to 60 characters).
 */
device: string, 
/**
 * Durable topics and how far the client has them; its own `person:` topic is always subscribed.
 */
topics: Array<TopicPosition>, } } | { "type": "ping", "data": Record<symbol, never> } | { "type": "subscribe", "data": { 
/**
 * The topics.
 */
topics: Array<TopicPosition>, } } | { "type": "unsubscribe", "data": { 
/**
 * Topic names.
 */
topics: Array<string>, } } | { "type": "presence.watch", "data": { 
/**
 * At most 500.
 */
people: Array<PersonId>, } } | { "type": "presence.idle", "data": { 
/**
 * True: nobody is at the device.
 */
idle: boolean, } } | { "type": "call.start", "data": { 
/**
 * Who; 1 to 15 together with `numbers`.
 */
to: Array<PersonId>, 
/**
 * Telephone numbers as dialled: extensions, short codes, or what else the number plan allows.
 */
numbers: Array<string>, 
/**
 * What is on at the caller's device.
 */
sources: Sources, } } | { "type": "call.alerting", "data": { 
/**
 * The call.
 */
call: CallId, } } | { "type": "call.answer", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * What is on.
 */
sources: Sources, 
/**
 * What to do with the call that this person is in.
 */
current: CurrentCall, } } | { "type": "call.decline", "data": { 
/**
 * The call.
 */
call: CallId, } } | { "type": "call.leave", "data": { 
/**
 * The call.
 */
call: CallId, } } | { "type": "call.end", "data": { 
/**
 * The call.
 */
call: CallId, } } | { "type": "call.hold", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * True: hold.
 */
hold: boolean, } } | { "type": "call.sources", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * What is on.
 */
sources: Sources, } } | { "type": "call.add", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * Who; the call's limit holds.
 */
people: Array<PersonId>, 
/**
 * Telephone numbers.
 */
numbers: Array<string>, } } | { "type": "call.digits", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * 1 to 32 of `0`-`9`, `*`, `#`, `A`-`D`.
 */
digits: string, } } | { "type": "call.transfer", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * Where to.
 */
to: TransferTo, } } | { "type": "call.join", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * What is on.
 */
sources: Sources, 
/**
 * What to do with the call that this person is in.
 */
current: CurrentCall, } } | { "type": "call.take", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * What is on at this device.
 */
sources: Sources, } } | { "type": "media.offer", "data": { 
/**
 * The call.
 */
call: CallId, 
/**
 * SDP of the offer.
 */
sdp: string, 
/**
 * The sending sections; the `recvonly` ones are slots.
 */
sends: Array<OfferSend>, } } | { "type": "bye", "data": Record<symbol, never> };

/**
 * One signaling session: it outlives its socket by the resume window. Not a secret: resuming also needs the person's ticket.
 */
export type SessionId = string;

/**
 * Who is in which receiving section of this session's connection.
 */
export type SlotView = { 
/**
 * `a=mid` of the receiving section.
 */
mid: string, 
/**
 * The peer whose track flows there; `null` while empty.
 */
peer: PeerId | null, 
/**
 * The source; `null` while empty.
 */
source: Source | null, };

/**
 * What a published track shows or carries. Its name is the same in SQL, JSON and the UI.
 */
export type Source = "mic" | "camera" | "screen";

/**
 * Which sources of a participant are on.
 */
export type Sources = { 
/**
 * Microphone (not muted).
 */
mic: boolean, 
/**
 * Camera.
 */
camera: boolean, 
/**
 * Screen share.
 */
screen: boolean, };

/**
 * A text in both languages of the product.
 */
export type Text = { 
/**
 * Traditional Chinese as written in Taiwan.
 */
zh: string, 
/**
 * English.
 */
en: string, };

/**
 * Where a durable topic stands.
 */
export type TopicHead = { 
/**
 * Topic name.
 */
topic: string, 
/**
 * Epoch of the log; another epoch than the client's means: read everything again over HTTP.
 */
epoch: number, 
/**
 * Newest sequence; 0 = nothing yet.
 */
seq: number, 
/**
 * True when the client's position was unknown or too old: read again over HTTP, go on from `seq`.
 */
reset: boolean, };

/**
 * Position in a durable topic.
 */
export type TopicPosition = { 
/**
 * Topic name, e.g. `person:0190…`.
 */
topic: string, 
/**
 * Epoch that the client knows; 0 = none.
 */
epoch: number, 
/**
 * Last sequence that the client has handled.
 */
seq: number, };

/**
 * Where a call is handed on to.
 */
export type TransferTo = { "person": PersonId } | { "number": string } | { "call": CallId };

/**
 * The `data` of `welcome`.
 */
export type Welcome = { 
/**
 * This session; send it in the next `hello` to resume.
 */
session: SessionId, 
/**
 * True when the old session was resumed.
 */
resumed: boolean, 
/**
 * The person.
 */
person: PersonId, 
/**
 * UTC milliseconds of the server.
 */
server_time: number, 
/**
 * The server sends a `heartbeat` at least this often; hearing nothing for twice as long means the socket is dead.
 */
heartbeat_ms: number, 
/**
 * How long the session outlives its socket.
 */
resume_window_ms: number, 
/**
 * Where the durable topics stand; missed events follow as ordinary events.
 */
topics: Array<TopicHead>, 
/**
 * All running calls of this person: the snapshot that repairs everything ephemeral.
 */
calls: Array<CallView>, };

/**
 * The `data` of a reply of type `error`.
 */
export type WireError = { 
/**
 * Stable code.
 */
code: ErrorCode, 
/**
 * For the person in front of the screen.
 */
text: Text, 
/**
 * Milliseconds after which trying again makes sense.
 */
retry_after_ms?: number, };

/** WebSocket close codes of the server. */
export const CloseCode = {
  Bye: 1000,
  SlowConsumer: 4001,
  GoingAway: 4002,
  LoggedOut: 4003,
  Abuse: 4004,
  Replaced: 4005,
  BadHello: 4006,
} as const;
