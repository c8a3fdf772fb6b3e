import type { CallView, Request } from '../../gen/wire';
import type { Hub, WelcomeNews } from '../../net/socket';
import type { Status } from '../../net/session-io';

/** The socket, played by the test: it records requests and answers as the test says. */
export class FakeHub {
  readonly requests: Request[] = [];
  /** Replies by type; everything else succeeds without data. */
  readonly replies = new Map<string, () => unknown>();
  inCall = false;
  #events = new Map<string, (data: never) => void>();
  #welcome: (news: WelcomeNews) => void = () => {};
  #status: (status: Status) => void = () => {};

  async request(type: string, data: unknown): Promise<unknown> {
    this.requests.push({ type, data } as Request);
    return this.replies.get(type)?.() ?? {};
  }
  on(type: string, listener: (data: never) => void): void {
    this.#events.set(type, listener);
  }
  onWelcome(listener: (news: WelcomeNews) => void): void {
    this.#welcome = listener;
  }
  onStatus(listener: (status: Status) => void): void {
    this.#status = listener;
  }
  setInCall(inCall: boolean): void {
    this.inCall = inCall;
  }

  welcome(calls: CallView[] = [], resumed = false): void {
    this.#welcome({ resumed, person: 'me', serverTime: Date.now(), calls });
  }
  status(status: Status): void {
    this.#status(status);
  }
  event(type: string, data: unknown): void {
    this.#events.get(type)?.(data as never);
  }
  show(view: CallView): void {
    this.event('call.state', view);
  }
  /** All requests of a type. */
  asked(type: string): unknown[] {
    return this.requests.filter((request) => request.type === type).map((request) => request.data);
  }

  /** The same object as the type that the store wants. */
  get hub(): Hub {
    return this as unknown as Hub;
  }
}

/** Gives the page devices: `getUserMedia` answers as `open` says. */
export function fakeDevices(
  open: (kind: 'audio' | 'video') => EventTarget,
  permission: PermissionState = 'granted',
): void {
  const stream = (kind: 'audio' | 'video') => {
    const track = open(kind);
    return { getTracks: () => [track], getAudioTracks: () => [track] };
  };
  const mediaDevices = {
    getUserMedia: async (wish: { audio?: unknown }) => stream(wish.audio === undefined ? 'video' : 'audio'),
    getDisplayMedia: async () => stream('video'),
    enumerateDevices: async () => [],
    addEventListener: () => {},
  };
  Object.defineProperty(navigator, 'mediaDevices', { value: mediaDevices, configurable: true });
  const permissions = { query: async () => ({ state: permission }) };
  Object.defineProperty(navigator, 'permissions', { value: permissions, configurable: true });
}
