import { SvelteSet } from 'svelte/reactivity';

import type { CallView, PeerId, PersonId, QualityView, SlotView, Source, Sources } from '../gen/wire';
import type { Hub } from '../net/socket';
import type { Capture } from './capture';
import { Newest } from './coalesce';
import { between, read, worse, type Reading } from './local-quality';
import { MediaConnection, type MediaPorts, type RemoteTrack } from './media-connection';
import { SENDING } from './peer-link';
import { problemOf, type MediaProblem } from './problems';
import { QualityTrend, type Quality } from './quality';
import type { MediaState } from './recovery';
import { decode, encode, type Reaction } from './room-messages';
import { slotsNeeded } from './slots';
import { phaseOf, type Phase } from './view';

/** What a call needs of the rest of the app. */
export interface LiveCallParts {
  hub: Pick<Hub, 'request'>;
  capture: Capture;
  ports: MediaPorts;
  /** Tells the person that a device cannot be used. */
  onProblem(problem: MediaProblem): void;
  /** This call does not send the source any more; another call may. */
  onUnused(source: Source): void;
}

/** A reaction on its way over the screen. */
export interface ShownReaction {
  id: number;
  from: PeerId;
  emoji: Reaction;
}

/** A reaction is shown this long. */
const REACTION_MS = 4_000;
/** Most reactions at once; a storm of them must not slow the page down. */
const MAX_REACTIONS = 12;

/** One call on this device: its picture, its media, and what this person sends into it. */
export class LiveCall {
  #view: CallView = $state.raw(null as never);
  #sources: Sources = $state.raw({ mic: true, camera: false, screen: false });
  #mediaState: MediaState = $state('connecting');
  #remote: RemoteTrack[] = $state.raw([]);
  #speakers: PeerId[] = $state.raw([]);
  #quality: Quality = $state.raw({ word: 'unknown', cause: 'none' });
  #reactions: ShownReaction[] = $state.raw([]);
  #handUp = $state(false);
  #own: Partial<Record<Source, MediaStream | undefined>> = $state.raw({});
  /** Peers with a raised hand. */
  readonly hands = new SvelteSet<PeerId>();
  /** Sources that the browser is opening, perhaps asking the person. */
  readonly opening = new SvelteSet<Source>();

  readonly #media: MediaConnection;
  readonly #announce: Newest<Sources>;
  readonly #trend = new QualityTrend();
  #lastReading: Reading | null = null;
  #nextReaction = 1;
  #syncing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    view: CallView,
    private readonly me: PersonId,
    private readonly parts: LiveCallParts,
    sources: Sources,
  ) {
    this.#view = view;
    this.#sources = sources;
    this.#announce = new Newest(
      (on) => parts.hub.request('call.sources', { call: view.call, sources: on }),
      // The next change, or the picture of the next reconnect, mends it.
      () => {},
    );
    this.#media = new MediaConnection(
      view.call,
      parts.ports,
      {
        onState: (state) => (this.#mediaState = state),
        onFlows: () => (this.#remote = this.#media.remote()),
        onMessage: (data) => this.#message(data),
        onChannelOpen: () => this.#repeatHand(),
      },
      slotsNeeded(view, me),
    );
    this.#sync();
  }

  get view(): CallView {
    return this.#view;
  }
  get phase(): Phase {
    return phaseOf(this.#view);
  }
  /** What this person wants to send; the screen shows this at once, the others see it a moment later. */
  get sources(): Sources {
    return this.#sources;
  }
  get mediaState(): MediaState {
    return this.#mediaState;
  }
  get remote(): readonly RemoteTrack[] {
    return this.#remote;
  }
  /** Who speaks, loudest first. */
  get speakers(): readonly PeerId[] {
    return this.#speakers;
  }
  get quality(): Quality {
    return this.#quality;
  }
  get reactions(): readonly ShownReaction[] {
    return this.#reactions;
  }
  /** This person's own hand. */
  get handUp(): boolean {
    return this.#handUp;
  }

  /** The stream of a source of a peer, when it arrives. */
  stream(peer: PeerId | null, source: Source): MediaStream | null {
    return this.#remote.find((track) => track.peer === peer && track.source === source)?.stream ?? null;
  }

  /** This person's own camera or screen, as it is sent. */
  own(source: 'camera' | 'screen'): MediaStream | null {
    return this.#own[source] ?? null;
  }

  /** Takes a newer picture. */
  update(view: CallView): void {
    const knownPeers = peersOf(this.#view);
    this.#view = view;
    this.#media.grow(slotsNeeded(view, this.me));
    for (const peer of this.hands) if (!peersOf(view).includes(peer)) this.hands.delete(peer);
    if (peersOf(view).some((peer) => !knownPeers.includes(peer))) this.#repeatHand();
    this.#sync();
  }

  /**
   * Switches a source. It counts as on when the browser has opened it: nobody waits for a picture while the person is
   * still being asked. To be called from the gesture itself, which browsers demand for screens.
   */
  async set(source: Source, on: boolean): Promise<void> {
    if (on === this.#sources[source] || this.opening.has(source)) return;
    if (on && !(await this.#open(source))) return;
    this.#sources = { ...this.#sources, [source]: on };
    this.#announce.push(this.#sources);
    this.#sync();
  }

  /** Sets what is sent without telling the server: the request that answers or moves the call carries it. */
  preset(sources: Sources): void {
    this.#sources = sources;
    this.#sync();
  }

  /** The track of a source ended by itself. */
  lost(source: Source): void {
    void this.set(source, false);
  }

  /** True while this call sends the source, or would if it were open. */
  wants(source: Source): boolean {
    return !this.#closed && this.phase === 'active' && this.#sources[source];
  }

  /** Another device was chosen: opens it in place of the old one. */
  reopen(source: Source): void {
    if (this.#sources[source]) this.#sync();
  }

  setSlots(slots: readonly SlotView[]): void {
    this.#media.setSlots(slots);
  }

  setSpeakers(speakers: PeerId[]): void {
    this.#speakers = speakers;
  }

  /** Takes the server's report and adds what this device sees itself. */
  async report(fromServer: QualityView): Promise<void> {
    const reading = read(
      (await this.#media.stats()) as unknown as Iterable<[string, Record<string, unknown>]>,
    );
    const own = this.#lastReading ? between(this.#lastReading, reading) : null;
    this.#lastReading = reading;
    this.#quality = this.#trend.report(own ? worse(own, fromServer) : fromServer);
  }

  /** News of the network, the socket, or the media plane. */
  notify(input: Parameters<MediaConnection['notify']>[0]): void {
    this.#media.notify(input);
  }

  /** Shows a reaction to everybody, oneself included. */
  react(emoji: Reaction): void {
    const from = this.#view.me.peer;
    if (from === null || !this.#media.send(encode({ type: 'reaction', from, emoji }))) return;
    this.#show(from, emoji);
  }

  /** Raises or lowers this person's hand. */
  raiseHand(up: boolean): void {
    this.#handUp = up;
    const from = this.#view.me.peer;
    if (from === null) return;
    if (up) this.hands.add(from);
    else this.hands.delete(from);
    this.#media.send(encode({ type: 'hand', from, up }));
  }

  close(): void {
    this.#closed = true;
    this.#media.close();
  }

  #message(data: unknown): void {
    const message = decode(data);
    // Only people of the call may speak, and nobody in our own name.
    if (!message || message.from === this.#view.me.peer || !peersOf(this.#view).includes(message.from))
      return;
    if (message.type === 'reaction') this.#show(message.from, message.emoji);
    else if (message.up) this.hands.add(message.from);
    else this.hands.delete(message.from);
  }

  #show(from: PeerId, emoji: Reaction): void {
    const id = this.#nextReaction++;
    this.#reactions = [...this.#reactions, { id, from, emoji }].slice(-MAX_REACTIONS);
    this.parts.ports.after(REACTION_MS, () => {
      this.#reactions = this.#reactions.filter((reaction) => reaction.id !== id);
    });
  }

  /** Somebody came, or the channel is new: they have not seen the hand go up. */
  #repeatHand(): void {
    if (this.#handUp) this.raiseHand(true);
  }

  /** Makes the tracks that are sent equal to what is wanted, one change after the other. */
  #sync(): void {
    this.#syncing = this.#syncing.then(async () => {
      for (const source of SENDING) await this.#syncSource(source);
    });
  }

  async #syncSource(source: Source): Promise<void> {
    const wanted = this.wants(source);
    const opened = wanted && (await this.#open(source));
    const track = opened ? this.parts.capture.track(source) : null;
    // The person may have changed their mind while the browser asked; what counts is now.
    if (track && this.wants(source)) {
      track.enabled = true;
      if (this.#own[source]?.getTracks()[0] !== track) {
        this.#own = { ...this.#own, [source]: new MediaStream([track]) };
      }
      await this.#media.setTrack(source, track);
      return;
    }
    if (this.#own[source]) this.#own = { ...this.#own, [source]: undefined };
    await this.#media.setTrack(source, null);
    this.parts.onUnused(source);
    if (wanted && !opened) await this.set(source, false);
  }

  /** Opens a source; tells the person when that fails. */
  async #open(source: Source): Promise<boolean> {
    this.opening.add(source);
    try {
      await this.parts.capture.open(source);
      return true;
    } catch (error) {
      this.parts.onProblem(problemOf(source, error));
      return false;
    } finally {
      this.opening.delete(source);
    }
  }
}

function peersOf(view: CallView): PeerId[] {
  return view.parties.flatMap(({ peer }) => (peer === null ? [] : [peer]));
}
