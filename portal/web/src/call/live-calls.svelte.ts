import { SvelteMap } from 'svelte/reactivity';

import type { CallId, CallView, PersonId, Source, Sources } from '../gen/wire';
import type { Hub } from '../net/socket';
import { Capture, permission } from './capture';
import { Devices } from './devices.svelte';
import { LiveCall } from './live-call.svelte';
import type { MediaPorts } from './media-connection';
import { SENDING } from './peer-link';
import { MediaProblem, problemOf } from './problems';

/** What is on when nothing else is known. */
export const VOICE: Sources = { mic: true, camera: false, screen: false };

/** The media of all calls on this device, and the one microphone, camera and screen that they share. */
export class LiveCalls {
  readonly devices = new Devices();
  readonly #capture = new Capture(this.devices, (source) => this.#sourceEnded(source));
  #entering = 0;
  readonly #live = new SvelteMap<CallId, LiveCall>();

  /**
   * @param tell shows the person that a device cannot be used
   */
  constructor(
    private readonly hub: Pick<Hub, 'request'>,
    private readonly ports: MediaPorts,
    private readonly tell: (problem: MediaProblem) => void,
  ) {}

  get(call: CallId): LiveCall | null {
    return this.#live.get(call) ?? null;
  }

  /** Takes a picture: a call gets media as soon as the server names our peer, which is while it still rings. */
  adopt(view: CallView, me: PersonId): void {
    const live = this.#live.get(view.call);
    if (view.me.peer === null) {
      if (live) this.drop(view.call);
    } else if (live) {
      live.update(view);
    } else {
      const known = view.parties.find((party) => party.card.person === me)?.sources;
      // After a reload the server still knows what was on; a shared screen has to be chosen anew.
      const sources = view.me.here && known ? { ...known, screen: false } : VOICE;
      const parts = {
        hub: this.hub,
        capture: this.#capture,
        ports: this.ports,
        onProblem: (problem: MediaProblem) => this.tell(problem),
        onUnused: (source: Source) => this.#unused(source),
      };
      this.#live.set(view.call, new LiveCall(view, me, parts, sources));
    }
  }

  /** The call is over for this device. */
  drop(call: CallId): void {
    this.#live.get(call)?.close();
    this.#live.delete(call);
    for (const source of SENDING) this.#unused(source);
  }

  /** Ends the media of every call. */
  clear(): void {
    for (const call of [...this.#live.keys()]) this.drop(call);
  }

  /** News for all connections. */
  notify(input: Parameters<LiveCall['notify']>[0]): void {
    for (const live of this.#live.values()) live.notify(input);
  }

  /** Another microphone or camera was chosen: opens it in place of the old one where it is in use. */
  deviceChosen(source: 'mic' | 'camera'): void {
    this.#capture.close(source);
    for (const live of this.#live.values()) live.reopen(source);
  }

  /**
   * Opens what the browser has to ask for, before others are bothered; what is allowed already opens meanwhile. A
   * device that cannot be opened is off in the result, and the person was told.
   *
   * @param onMicProblem hears of the microphone instead of `tell`
   */
  async ready(wish: Sources, onMicProblem: (problem: MediaProblem) => void): Promise<Sources> {
    const sources = { ...wish };
    for (const device of ['mic', 'camera'] as const) {
      if (!sources[device]) continue;
      const opening = this.#capture.open(device);
      // Handled where the track is needed.
      opening.catch(() => {});
      if ((await permission(device)) === 'granted') continue;
      try {
        await opening;
      } catch (error) {
        sources[device] = false;
        const problem = problemOf(device, error);
        if (device === 'mic') onMicProblem(problem);
        else this.tell(problem);
      }
    }
    return sources;
  }

  /** Runs what enters a call; what was opened for it is not taken for unused meanwhile. */
  async entering(work: () => Promise<void>): Promise<void> {
    this.#entering += 1;
    try {
      await work();
    } finally {
      this.#entering -= 1;
      for (const source of SENDING) this.#unused(source);
    }
  }

  /** Stops a source that no call sends: the camera's light goes out. The microphone stays open during calls. */
  #unused(source: Source): void {
    if (this.#entering > 0) return;
    const calls = [...this.#live.values()];
    if (calls.some((live) => live.wants(source))) return;
    const track = this.#capture.track(source);
    if (track && source === 'mic' && calls.some((live) => live.view.me.here)) track.enabled = false;
    else this.#capture.close(source);
  }

  #sourceEnded(source: Source): void {
    for (const live of this.#live.values()) live.lost(source);
    if (source !== 'screen') this.tell(new MediaProblem(source, 'unplugged'));
  }
}
