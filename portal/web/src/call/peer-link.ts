import type { OfferSend, Source } from '../gen/wire';
import type { Negotiable } from './negotiator';
import type { SlotCount } from './slots';

/** What a link tells its owner. */
export interface LinkEvents {
  onState(state: RTCPeerConnectionState): void;
  onMessage(data: unknown): void;
  onChannelOpen(): void;
}

/** Name of the data channel that the server passes on to everybody in the call. */
const CHANNEL = 'room';

/** Upper bounds in bit/s. Higher ones only help on fast lines, and one slow receiver of a group pays for them. */
const MAX_BITRATE: Readonly<Record<'camera' | 'screen', number>> = { camera: 1_500_000, screen: 2_500_000 };

/** The first sections of every offer, in this order. */
export const SENDING: readonly Source[] = ['mic', 'camera', 'screen'];

/**
 * One `RTCPeerConnection` from its birth to its end. All sending sections exist from the start without a track, so ICE
 * and DTLS are done while it rings, and answering, unmuting or sharing needs no new offer.
 */
export class PeerLink implements Negotiable {
  readonly #peer: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #senders = new Map<Source, RTCRtpTransceiver>();
  readonly #slots: RTCRtpTransceiver[] = [];
  readonly #streams = new Map<RTCRtpTransceiver, MediaStream>();
  #restart = false;
  #closed = false;

  constructor(
    create: () => RTCPeerConnection,
    private readonly events: LinkEvents,
  ) {
    this.#peer = create();
    for (const source of SENDING) this.#senders.set(source, this.#addSender(source));
    this.#peer.addEventListener('connectionstatechange', () => {
      if (!this.#closed) events.onState(this.#peer.connectionState);
    });
    this.#channel = this.#peer.createDataChannel(CHANNEL, { ordered: true });
    this.#channel.addEventListener('open', () => events.onChannelOpen());
    this.#channel.addEventListener('message', (event) => this.events.onMessage(event.data));
  }

  get state(): RTCPeerConnectionState {
    return this.#peer.connectionState;
  }

  /** Receiving sections so far. */
  slotCount(): SlotCount {
    const audio = this.#slots.filter((slot) => slot.receiver.track.kind === 'audio').length;
    return { audio, video: this.#slots.length - audio };
  }

  /** Adds receiving sections; they come into being with the next offer. */
  addSlots(more: SlotCount): void {
    const add = (kind: 'audio' | 'video'): void => {
      this.#slots.push(this.#peer.addTransceiver(kind, { direction: 'recvonly' }));
    };
    for (let n = 0; n < more.audio; n++) add('audio');
    for (let n = 0; n < more.video; n++) add('video');
  }

  /** The next offer gathers anew and asks for new credentials (RFC 8445, ICE restart). */
  restartIce(): void {
    this.#restart = true;
  }

  /** Sends this track, or nothing, from now on. */
  async setTrack(source: Source, track: MediaStreamTrack | null): Promise<void> {
    const sender = this.#senders.get(source)?.sender;
    if (!this.#closed && sender && sender.track !== track) await sender.replaceTrack(track);
  }

  /** The `a=mid` of all receiving sections that the server knows. */
  mids(): Set<string> {
    return new Set(this.#slots.map((slot) => slot.mid).filter((mid) => mid !== null));
  }

  /** What flows in a receiving section; the same object each time. */
  stream(mid: string): MediaStream | null {
    const slot = this.#slots.find((candidate) => candidate.mid === mid);
    if (!slot) return null;
    const stream = this.#streams.get(slot) ?? new MediaStream([slot.receiver.track]);
    this.#streams.set(slot, stream);
    return stream;
  }

  /** Sends to everybody in the call; false while the channel is not open. */
  send(text: string): boolean {
    if (this.#channel.readyState !== 'open') return false;
    this.#channel.send(text);
    return true;
  }

  stats(): Promise<RTCStatsReport> {
    return this.#peer.getStats();
  }

  close(): void {
    this.#closed = true;
    this.#peer.close();
  }

  async prepareOffer(): Promise<string> {
    const offer = await this.#peer.createOffer({ iceRestart: this.#restart });
    await this.#peer.setLocalDescription(offer);
    return this.#peer.localDescription?.sdp ?? '';
  }

  sends(): OfferSend[] {
    const sends: OfferSend[] = [];
    for (const [source, { mid }] of this.#senders) if (mid !== null) sends.push({ mid, source });
    return sends;
  }

  async acceptAnswer(sdp: string): Promise<void> {
    if (this.#closed) return;
    await this.#peer.setRemoteDescription({ type: 'answer', sdp });
    this.#restart = false;
  }

  async rollBack(): Promise<void> {
    if (this.#peer.signalingState === 'have-local-offer') {
      await this.#peer.setLocalDescription({ type: 'rollback' });
    }
  }

  #addSender(source: Source): RTCRtpTransceiver {
    if (source === 'mic') return this.#peer.addTransceiver('audio', { direction: 'sendonly' });
    const sendEncodings = [{ maxBitrate: MAX_BITRATE[source] }];
    return this.#peer.addTransceiver('video', { direction: 'sendonly', sendEncodings });
  }
}
