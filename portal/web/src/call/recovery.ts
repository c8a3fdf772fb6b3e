/** A blip of less than this often mends itself; larger delays the restart after a real change of network. */
const BLIP_MS = 2_000;
/** Longest wait for a restarted or new connection to come up before the next step. */
const SETTLE_MS = 6_000;
/** A connection that held this long was mended: the next trouble starts with the gentlest step again. */
const STABLE_MS = 10_000;
/** Pause before the second new connection in a row; doubles with each. Shorter ones only repeat the same failure. */
const PAUSE_MS = 1_000;
/** Restarts of ICE before the connection is made anew. */
const MAX_RESTARTS = 2;
/** New connections in a row before the person is asked. */
const MAX_RECREATES = 4;

/** What happens to a media connection. */
export type RecoveryInput =
  /** `RTCPeerConnection.connectionState` changed. */
  | { type: 'state'; state: RTCPeerConnectionState }
  /** The device changed its network. */
  | { type: 'network' }
  /** The server has no peer of ours any more, or cannot use the connection. */
  | { type: 'lost' }
  /** The offer of a step got no answer. */
  | { type: 'offer_failed' }
  /** The socket to the server opened or broke. */
  | { type: 'socket'; up: boolean }
  /** The person asks to try again. */
  | { type: 'retry' }
  | { type: 'tick' };

/** What has to be done: an ICE restart, a new connection, or telling the person. */
export type RecoveryStep = 'restart' | 'recreate' | 'give_up' | null;

/** What people see of it. */
export type MediaState = 'connecting' | 'connected' | 'recovering' | 'failed';

/**
 * Decides how a media connection is mended: first nothing (blips pass), then ICE restarts, then new connections, each a
 * bounded number of times. Offers need the socket, so nothing is decided while it is down.
 */
export class Recovery {
  #state: MediaState = 'connecting';
  #socketUp = true;
  #restarts = 0;
  #recreates = 0;
  /** When the next step is due, should nothing better happen. */
  #due: number | null;
  /** Since when the connection is up. */
  #connectedAt: number | null = null;
  #everConnected = false;
  /** An ICE restart would be pointless. */
  #gone = false;

  /** The first offer is under way at `now`. */
  constructor(now: number) {
    this.#due = now + SETTLE_MS;
  }

  get state(): MediaState {
    return this.#state;
  }

  /** When `handle` must be called with `tick`, or `null`. */
  deadline(): number | null {
    return this.#socketUp ? this.#due : null;
  }

  /** Takes one input and returns the step to take. */
  handle(now: number, input: RecoveryInput): RecoveryStep {
    switch (input.type) {
      case 'state':
        this.#connectionState(now, input.state);
        break;
      case 'network':
        if (this.#state === 'failed') this.#retry(now);
        else if (this.#everConnected) this.#trouble(now, now);
        break;
      case 'lost':
        this.#gone = true;
        // The server may still be clearing away the peer before: each further attempt leaves it more time.
        this.#trouble(now, now + (2 ** this.#recreates - 1) * PAUSE_MS);
        break;
      case 'offer_failed':
        this.#trouble(now, now + BLIP_MS);
        break;
      case 'socket':
        this.#socketUp = input.up;
        break;
      case 'retry':
        if (this.#state === 'failed') this.#retry(now);
        break;
      case 'tick':
        break;
    }
    return this.#due !== null && this.#due <= now && this.#socketUp ? this.#step(now) : null;
  }

  #connectionState(now: number, state: RTCPeerConnectionState): void {
    if (state === 'connected') {
      this.#state = 'connected';
      this.#everConnected = true;
      this.#connectedAt = now;
      this.#due = null;
    } else if (state === 'failed') {
      this.#trouble(now, now);
    } else if (state === 'disconnected') {
      // A step that is being given its time is not hurried by news of the old path.
      this.#trouble(now, this.#due ?? now + BLIP_MS);
    }
  }

  #trouble(now: number, due: number): void {
    if (this.#state === 'failed') return;
    if (this.#connectedAt !== null && now - this.#connectedAt >= STABLE_MS) {
      this.#restarts = 0;
      this.#recreates = 0;
    }
    this.#connectedAt = null;
    if (this.#everConnected) this.#state = 'recovering';
    this.#due = due;
  }

  #step(now: number): RecoveryStep {
    this.#due = now + SETTLE_MS;
    if (!this.#gone && this.#everConnected && this.#restarts < MAX_RESTARTS) {
      this.#restarts += 1;
      return 'restart';
    }
    if (this.#recreates < MAX_RECREATES) {
      this.#recreates += 1;
      this.#gone = false;
      return 'recreate';
    }
    this.#state = 'failed';
    this.#due = null;
    return 'give_up';
  }

  #retry(now: number): void {
    this.#state = this.#everConnected ? 'recovering' : 'connecting';
    this.#recreates = 0;
    this.#gone = true;
    this.#due = now;
  }
}
