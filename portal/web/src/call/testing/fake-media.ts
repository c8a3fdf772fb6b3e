import type { MediaPorts } from '../media-connection';

/** A track that only knows whether it is on. jsdom has no media at all. */
export class FakeTrack extends EventTarget {
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  contentHint = '';
  constructor(readonly kind: 'audio' | 'video') {
    super();
  }
  stop(): void {
    this.readyState = 'ended';
  }
}

export class FakeStream {
  constructor(private readonly tracks: FakeTrack[] = []) {}
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
}

class FakeTransceiver {
  mid: string | null = null;
  readonly sender = {
    track: null as FakeTrack | null,
    replaceTrack: async (track: FakeTrack | null) => {
      this.sender.track = track;
    },
  };
  readonly receiver: { track: FakeTrack };
  constructor(
    readonly kind: 'audio' | 'video',
    readonly direction: string,
  ) {
    this.receiver = { track: new FakeTrack(kind) };
  }
}

class FakeChannel extends EventTarget {
  readyState = 'connecting';
  sent: string[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
}

/** Enough of `RTCPeerConnection` for the code that uses it: mids are given by offers, as in browsers. */
export class FakePeer extends EventTarget {
  connectionState: RTCPeerConnectionState = 'new';
  signalingState: RTCSignalingState = 'stable';
  localDescription: { sdp: string } | null = null;
  readonly transceivers: FakeTransceiver[] = [];
  readonly channel = new FakeChannel();
  readonly offers: { iceRestart: boolean }[] = [];
  closed = false;

  addTransceiver(kind: 'audio' | 'video', { direction }: { direction: string }): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, direction);
    this.transceivers.push(transceiver);
    return transceiver;
  }
  createDataChannel(): FakeChannel {
    return this.channel;
  }
  async createOffer(options: { iceRestart: boolean }): Promise<{ sdp: string }> {
    this.offers.push(options);
    return { sdp: `offer ${this.offers.length}` };
  }
  async setLocalDescription(description: { sdp?: string; type?: string }): Promise<void> {
    if (description.type === 'rollback') {
      this.signalingState = 'stable';
      return;
    }
    this.signalingState = 'have-local-offer';
    this.localDescription = { sdp: description.sdp ?? '' };
    this.transceivers.forEach((transceiver, index) => (transceiver.mid ??= String(index)));
  }
  async setRemoteDescription(): Promise<void> {
    this.signalingState = 'stable';
  }
  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }
  close(): void {
    this.closed = true;
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
  openChannel(): void {
    this.channel.readyState = 'open';
    this.channel.dispatchEvent(new Event('open'));
  }
  hear(data: string): void {
    this.channel.dispatchEvent(new MessageEvent('message', { data }));
  }
  sending(kind: 'audio' | 'video'): (FakeTrack | null)[] {
    const senders = this.transceivers.filter(
      (entry) => entry.kind === kind && entry.direction === 'sendonly',
    );
    return senders.map((entry) => entry.sender.track);
  }
  slots(): number {
    return this.transceivers.filter((entry) => entry.direction === 'recvonly').length;
  }
}

/** A world with a clock that only the test moves. */
export class FakePorts implements MediaPorts {
  time = 0;
  readonly peers: FakePeer[] = [];
  readonly offers: { sdp: string; sends: { mid: string; source: string }[] }[] = [];
  answer: () => Promise<{ sdp: string }> = async () => ({ sdp: 'answer' });
  #timers: { at: number; call: () => void }[] = [];

  now(): number {
    return this.time;
  }
  after(ms: number, call: () => void): () => void {
    const timer = { at: this.time + ms, call };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }
  createPeer(): RTCPeerConnection {
    const peer = new FakePeer();
    this.peers.push(peer);
    return peer as unknown as RTCPeerConnection;
  }
  async offer(_call: string, offer: FakePorts['offers'][number]): Promise<{ sdp: string }> {
    this.offers.push(offer);
    return await this.answer();
  }

  get peer(): FakePeer {
    return this.peers.at(-1)!;
  }

  /** Moves the clock and runs what is due, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.call();
      await settle();
    }
    this.time = end;
  }
}

/** Lets everything that is already decided happen: promise chains, not time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
}
