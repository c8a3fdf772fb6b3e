// Mirrors signaling/src/wire by hand until the server's export exists; it will be replaced by generated output of the
// same shape. Do not edit apart from following the Rust types.

export type PersonId = string;
export type LoginId = string;
export type SessionId = string;
export type CallId = string;
export type PeerId = string;

export type Source = 'mic' | 'camera' | 'screen';

export type PersonCard = {
  person: PersonId;
  name: string;
  unit: string;
  post: string;
  extension: string | null;
};

export type Sources = { mic: boolean; camera: boolean; screen: boolean };

export type LegState =
  | 'calling'
  | 'ringing'
  | 'connecting'
  | 'connected'
  | 'held'
  | 'reconnecting'
  | 'left';

export type EndReason =
  | 'declined'
  | 'busy'
  | 'no_answer'
  | 'cancelled'
  | 'unreachable'
  | 'failed'
  | 'answered_elsewhere'
  | 'declined_elsewhere'
  | 'moved'
  | 'ended';

export type Party = {
  card: PersonCard;
  state: LegState;
  reason: EndReason | null;
  peer: PeerId | null;
  sources: Sources;
};

export type CallKind = 'direct' | 'group';

export type MyLeg = {
  state: LegState;
  reason: EndReason | null;
  here: boolean;
  device: string | null;
  peer: PeerId | null;
};

export type CallView = {
  call: CallId;
  rev: number;
  kind: CallKind;
  starter: PersonId;
  video: boolean;
  started_at: number;
  answered_at: number | null;
  me: MyLeg;
  parties: Array<Party>;
  ended: EndReason | null;
  may_end: boolean;
};

export type SlotView = { mid: string; peer: PeerId | null; source: Source | null };

export type QualityView = { loss_up: number; loss_down: number; rtt_ms: number; jitter_ms: number };

export type DeviceView = { session: SessionId; name: string };

export type TopicPosition = { topic: string; epoch: number; seq: number };

export type OfferSend = { mid: string; source: Source };

export type CurrentCall = 'hold' | 'leave';

export type Request =
  | { type: 'hello'; data: { resume: SessionId | null; device: string; topics: Array<TopicPosition> } }
  | { type: 'ping'; data: Record<string, never> }
  | { type: 'subscribe'; data: { topics: Array<TopicPosition> } }
  | { type: 'unsubscribe'; data: { topics: Array<string> } }
  | { type: 'presence.watch'; data: { people: Array<PersonId> } }
  | { type: 'presence.idle'; data: { idle: boolean } }
  | { type: 'call.start'; data: { to: Array<PersonId>; sources: Sources } }
  | { type: 'call.alerting'; data: { call: CallId } }
  | { type: 'call.answer'; data: { call: CallId; sources: Sources; current: CurrentCall } }
  | { type: 'call.decline'; data: { call: CallId } }
  | { type: 'call.leave'; data: { call: CallId } }
  | { type: 'call.end'; data: { call: CallId } }
  | { type: 'call.hold'; data: { call: CallId; hold: boolean } }
  | { type: 'call.sources'; data: { call: CallId; sources: Sources } }
  | { type: 'call.add'; data: { call: CallId; people: Array<PersonId> } }
  | { type: 'call.join'; data: { call: CallId; sources: Sources; current: CurrentCall } }
  | { type: 'call.take'; data: { call: CallId; sources: Sources } }
  | { type: 'media.offer'; data: { call: CallId; sdp: string; sends: Array<OfferSend> } }
  | { type: 'bye'; data: Record<string, never> };

export type ClientFrame = { id: number } & Request;

export type TopicHead = { topic: string; epoch: number; seq: number; reset: boolean };

export type PresenceStatus = 'available' | 'in_call' | 'away' | 'offline';

export type PresenceView = { person: PersonId; status: PresenceStatus };

export type ErrorCode =
  | 'bad_frame'
  | 'frame_too_large'
  | 'rate_limited'
  | 'bad_hello'
  | 'too_many_subscriptions'
  | 'topic_denied'
  | 'no_such_call'
  | 'wrong_state'
  | 'no_such_person'
  | 'calling_yourself'
  | 'already_in_call'
  | 'call_full'
  | 'not_allowed'
  | 'bad_offer'
  | 'media_unavailable'
  | 'draining'
  | 'internal';

export type Text = { zh: string; en: string };

export type WireError = { code: ErrorCode; text: Text; retry_after_ms?: number };

export type Welcome = {
  session: SessionId;
  resumed: boolean;
  person: PersonId;
  server_time: number;
  heartbeat_ms: number;
  resume_window_ms: number;
  topics: Array<TopicHead>;
  calls: Array<CallView>;
};

export type Reply =
  | { type: 'ok'; data: Record<string, never> }
  | { type: 'error'; data: WireError }
  | { type: 'welcome'; data: Welcome }
  | { type: 'pong'; data: { heads: Array<TopicHead> } }
  | { type: 'subscribed'; data: { topics: Array<TopicHead> } }
  | { type: 'presence'; data: { people: Array<PresenceView> } }
  | { type: 'call'; data: CallView }
  | { type: 'media.answer'; data: { sdp: string } };

export type ReplyFrame = { id: number } & Reply;

export type Event =
  | { type: 'heartbeat'; data: { server_time: number; heads: Array<TopicHead> } }
  | { type: 'resync'; data: { head: TopicHead } }
  | { type: 'drain'; data: { reconnect_after_ms: number } }
  | { type: 'call.state'; data: CallView }
  | { type: 'media.slots'; data: { call: CallId; slots: Array<SlotView> } }
  | { type: 'media.speakers'; data: { call: CallId; speakers: Array<PeerId> } }
  | { type: 'media.quality'; data: { call: CallId; quality: QualityView } }
  | { type: 'media.lost'; data: { call: CallId } }
  | { type: 'presence.changed'; data: { people: Array<PresenceView> } };

export type EventFrame = { topic: string; seq?: number } & Event;

// The portal's channel events on durable topics (portal/src/channels.rs).

export type HistoryPerson = { person: PersonId; name: string; unit: string };

export type HistoryEntry = {
  call: CallId;
  direction: 'out' | 'in';
  kind: CallKind;
  video: boolean;
  others: Array<HistoryPerson>;
  started_at: number;
  answered_at: number | null;
  ended_at: number | null;
  reason: EndReason | null;
  missed: boolean;
  seen: boolean;
};

export type ChannelEvent =
  | { type: 'history.missed'; data: { entry: HistoryEntry; unseen_missed: number } }
  | { type: 'history.added'; data: { entry: HistoryEntry } }
  | { type: 'history.seen'; data: { up_to: number; unseen_missed: number } };
