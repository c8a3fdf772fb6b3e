import type { CallId, OfferSend, PeerId, SlotView, Source } from '../gen/wire';
import { HubError } from '../net';
import { Negotiator } from './negotiator';
import { PeerLink } from './peer-link';
import { Recovery, type MediaState, type RecoveryInput, type RecoveryStep } from './recovery';
import { FIRST_SLOTS, flows, slotsMissing, type SlotCount } from './slots';

/** What the connection needs of the outside; tests give a fake. */
export interface MediaPorts {
  now(): number;
  /** Calls back once after `ms`; returns what cancels it. */
  after(ms: number, call: () => void): () => void;
  createPeer(): RTCPeerConnection;
  /** Carries an offer to the server. */
  offer(call: CallId, offer: { sdp: string; sends: OfferSend[] }): Promise<{ sdp: string }>;
}

/** What the connection tells. */
export interface MediaEvents {
  onState(state: MediaState): void;
  /** Other tracks than before are to be shown. */
  onFlows(): void;
  onMessage(data: unknown): void;
  onChannelOpen(): void;
}

/** A remote track that can be shown. */
export interface RemoteTrack {
  peer: PeerId;
  source: Source;
  stream: MediaStream;
}

/** Answers of the server after which offering again is pointless: the call is over for this device. */
const FINAL: ReadonlySet<string> = new Set(['no_such_call', 'stopped']);

/** The media of one call on this device: keeps one connection to the server up until `close`. */
export class MediaConnection {
  #link: PeerLink;
  #negotiator: Negotiator;
  readonly #recovery: Recovery;
  readonly #tracks = new Map<Source, MediaStreamTrack | null>();
  #need: SlotCount = FIRST_SLOTS;
  #slots: readonly SlotView[] = [];
  #cancelTimer: () => void = () => {};
  #closed = false;

  constructor(
    private readonly call: CallId,
    private readonly ports: MediaPorts,
    private readonly events: MediaEvents,
    need: SlotCount = FIRST_SLOTS,
  ) {
    this.#need = need;
    this.#recovery = new Recovery(ports.now());
    [this.#link, this.#negotiator] = this.#newLink();
    this.#negotiate();
    this.#arm();
  }

  get state(): MediaState {
    return this.#recovery.state;
  }

  /** Makes room for more remote tracks. */
  grow(need: SlotCount): void {
    this.#need = need;
    const missing = slotsMissing(this.#link.slotCount(), need);
    if (missing.audio === 0 && missing.video === 0) return;
    this.#link.addSlots(missing);
    this.#negotiate();
  }

  /** Sends this track, or nothing. */
  async setTrack(source: Source, track: MediaStreamTrack | null): Promise<void> {
    this.#tracks.set(source, track);
    await this.#link.setTrack(source, track);
  }

  /** The server's table of who is in which section. */
  setSlots(slots: readonly SlotView[]): void {
    this.#slots = slots;
    this.events.onFlows();
  }

  /** Everything that can be shown now. */
  remote(): RemoteTrack[] {
    const tracks: RemoteTrack[] = [];
    for (const { mid, peer, source } of flows(this.#slots, this.#link.mids())) {
      const stream = this.#link.stream(mid);
      if (stream) tracks.push({ peer, source, stream });
    }
    return tracks;
  }

  /** Sends a text to everybody in the call; false while that is not possible. */
  send(text: string): boolean {
    return this.#link.send(text);
  }

  stats(): Promise<RTCStatsReport> {
    return this.#link.stats();
  }

  /** News from outside the connection itself: the server lost it, the network or the socket changed, the person asks. */
  notify(input: Exclude<RecoveryInput, { type: 'state' | 'tick' | 'offer_failed' }>): void {
    this.#recover(input);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#link.close();
  }

  #newLink(): [PeerLink, Negotiator] {
    const link: PeerLink = new PeerLink(() => this.ports.createPeer(), {
      onState: (state) => {
        if (this.#link === link) this.#recover({ type: 'state', state });
      },
      onMessage: (data) => this.events.onMessage(data),
      onChannelOpen: () => this.events.onChannelOpen(),
    });
    link.addSlots(this.#need);
    for (const [source, track] of this.#tracks) void link.setTrack(source, track);
    return [link, new Negotiator(link, (offer) => this.ports.offer(this.call, offer))];
  }

  #negotiate(): void {
    const link = this.#link;
    this.#negotiator.negotiate().then(
      () => {
        if (this.#closed || this.#link !== link) return;
        this.events.onFlows();
        // A restart over a path that still works changes no state; this tells that it is done.
        if (link.state === 'connected') this.#recover({ type: 'state', state: 'connected' });
      },
      (error: unknown) => {
        if (this.#closed || this.#link !== link) return;
        const code = error instanceof HubError ? error.code : 'failed';
        if (FINAL.has(code)) return this.close();
        // Anything but a failure of transport means that this description does not work: another one may.
        const lostOnTheWay = error instanceof HubError && code !== 'bad_offer';
        this.#recover({ type: lostOnTheWay ? 'offer_failed' : 'lost' });
      },
    );
  }

  #recover(input: RecoveryInput): void {
    if (this.#closed) return;
    const before = this.#recovery.state;
    const step = this.#recovery.handle(this.ports.now(), input);
    if (this.#recovery.state !== before) this.events.onState(this.#recovery.state);
    this.#arm();
    this.#carryOut(step);
  }

  #carryOut(step: RecoveryStep): void {
    if (step === 'restart') {
      this.#link.restartIce();
      this.#negotiate();
    } else if (step === 'recreate') {
      this.#link.close();
      this.#slots = [];
      [this.#link, this.#negotiator] = this.#newLink();
      this.events.onFlows();
      this.#negotiate();
    }
  }

  #arm(): void {
    this.#cancelTimer();
    const deadline = this.#recovery.deadline();
    if (deadline === null) return;
    const wait = Math.max(0, deadline - this.ports.now());
    this.#cancelTimer = this.ports.after(wait, () => this.#recover({ type: 'tick' }));
  }
}
