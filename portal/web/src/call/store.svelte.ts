import type { CallId, CallView, PersonId, Sources, TransferTo } from '../gen/wire';
import { localized, t } from '../i18n';
import { HubError } from '../net/errors';
import type { Hub, WelcomeNews } from '../net/socket';
import { changes, type Said } from './announce';
import type { LiveCall } from './live-call.svelte';
import { LiveCalls, VOICE } from './live-calls.svelte';
import type { MediaPorts } from './media-connection';
import type { MediaProblem } from './problems';
import { endTone } from './ring-plan';
import { Ringer } from './ringer';
import type { AnswerOptions, Callees, Finished, StartOptions, Trouble } from './store-types';
import { TonePlayer } from './tone-player';
import { CallSet, nothing, phaseOf, picture, type Picture } from './view';

/** All calls of this person, and what they do on this device. */
export class CallStore {
  readonly tones = new TonePlayer();
  readonly #set = new CallSet();
  readonly #live: LiveCalls;
  readonly #ringer = new Ringer(this.tones, (call) => this.#alerting(call));
  #picture: Picture = $state.raw(nothing());
  #finished: Finished | null = $state.raw(null);
  #trouble: Trouble | null = $state.raw(null);
  #error = $state('');
  #said: readonly Said[] = $state.raw([]);
  #me = $state('');
  #starting = $state(false);
  /** Server's clock minus ours, in milliseconds. */
  #clockOffset = 0;

  constructor(
    private readonly hub: Hub,
    ports: MediaPorts,
  ) {
    this.#live = new LiveCalls(hub, ports, (problem) => this.#tell(problem, null));
    hub.onWelcome((news) => this.#welcome(news));
    hub.onStatus(({ name }) => {
      // Logged out, or another tab goes on with the calls.
      if (name === 'stopped') this.clear();
      else this.#live.notify({ type: 'socket', up: name === 'online' });
    });
    hub.on('call.state', (view) => this.#apply(view));
    hub.on('media.slots', ({ call, slots }) => this.live(call)?.setSlots(slots));
    hub.on('media.speakers', ({ call, speakers }) => this.live(call)?.setSpeakers(speakers));
    hub.on('media.quality', ({ call, quality }) => void this.live(call)?.report(quality));
    hub.on('media.lost', ({ call }) => this.live(call)?.notify({ type: 'lost' }));
  }

  /** What is in front: the current call, held ones, ringing ones, those elsewhere. */
  get picture(): Picture {
    return this.#picture;
  }
  /** The call in front, with its media. */
  get current(): LiveCall | null {
    const view = this.#picture.current;
    return view && this.live(view.call);
  }
  /** The call that ended last, until its screen is closed. */
  get finished(): Finished | null {
    return this.#finished;
  }
  /** A device problem to show. */
  get trouble(): Trouble | null {
    return this.#trouble;
  }
  /** A request failed: text for the person, empty when there is nothing to say. */
  get error(): string {
    return this.#error;
  }
  /** What screen readers should hear of the last change. */
  get said(): readonly Said[] {
    return this.#said;
  }
  /** The logged-in person, once connected. */
  get me(): PersonId {
    return this.#me;
  }
  /** A call is being started: the buttons wait. */
  get starting(): boolean {
    return this.#starting;
  }
  get devices(): LiveCalls['devices'] {
    return this.#live.devices;
  }

  /** The media of a call on this device. */
  live(call: CallId): LiveCall | null {
    return this.#live.get(call);
  }

  /** Milliseconds since a time of the server, by the server's clock. */
  since(serverTime: number): number {
    return Math.max(0, Date.now() + this.#clockOffset - serverTime);
  }

  /** Calls people and telephone numbers. */
  async start({ people = [], numbers = [] }: Callees, options: StartOptions = {}): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    this.#finished = null;
    const again = (): void => void this.start({ people, numbers }, { ...options, muted: true });
    await this.#enter(options, again, (sources) =>
      this.hub.request('call.start', { to: [...people], numbers: [...numbers], sources }),
    );
    this.#starting = false;
  }

  /** Answers a ringing call here. */
  async answer(call: CallId, options: AnswerOptions = {}): Promise<void> {
    const { current = 'hold' } = options;
    const again = (): void => void this.answer(call, { ...options, muted: true });
    await this.#enter(options, again, (sources) => {
      this.live(call)?.preset(sources);
      return this.hub.request('call.answer', { call, sources, current });
    });
  }

  /** Moves a running call of another own device to this one. */
  async take(call: CallId, options: StartOptions = {}): Promise<void> {
    const mine = this.#set.get(call)?.parties.find((party) => party.card.person === this.#me);
    const again = (): void => void this.take(call, { ...options, muted: true });
    const video = mine?.sources.camera === true;
    await this.#enter({ video, ...options }, again, (sources) =>
      this.hub.request('call.take', { call, sources }),
    );
  }

  /** Enters a running group call again. */
  async join(call: CallId, options: AnswerOptions = {}): Promise<void> {
    this.#finished = null;
    const { current = 'hold' } = options;
    const again = (): void => void this.join(call, { ...options, muted: true });
    await this.#enter(options, again, (sources) => this.hub.request('call.join', { call, sources, current }));
  }

  /** Declines on all devices. */
  decline(call: CallId): Promise<boolean> {
    return this.#try(() => this.hub.request('call.decline', { call }));
  }

  /** Hangs up; a call that nobody has answered yet is cancelled. */
  leave(call: CallId): Promise<boolean> {
    return this.#try(() => this.hub.request('call.leave', { call }));
  }

  /** Ends the call for everybody; only its starter may. */
  end(call: CallId): Promise<boolean> {
    return this.#try(() => this.hub.request('call.end', { call }));
  }

  /** Holds or resumes; resuming puts the other running call on hold. */
  hold(call: CallId, hold: boolean): Promise<boolean> {
    return this.#try(async () => this.#apply(await this.hub.request('call.hold', { call, hold })));
  }

  /** Adds people and telephone numbers to a running call. */
  add(call: CallId, { people = [], numbers = [] }: Callees): Promise<boolean> {
    return this.#try(async () =>
      this.#apply(await this.hub.request('call.add', { call, people: [...people], numbers: [...numbers] })),
    );
  }

  /** Sends digits to the telephones in the call, with the sound that one expects of a key. */
  digits(call: CallId, digits: string): Promise<boolean> {
    for (const digit of digits) this.tones.key(digit);
    return this.#try(() => this.hub.request('call.digits', { call, digits }));
  }

  /** Hands the call on: to somebody who is rung first, or to the other side of another call of one's own. */
  transfer(call: CallId, to: TransferTo): Promise<boolean> {
    return this.#try(async () => this.#apply(await this.hub.request('call.transfer', { call, to })));
  }

  /** The card of a ringing call is on a visible screen. */
  noticed(call: CallId): void {
    this.#ringer.noticed(call);
  }

  /** Another microphone or camera was chosen. */
  deviceChosen(source: 'mic' | 'camera'): void {
    this.#live.deviceChosen(source);
  }

  /** The device's network changed. */
  networkChanged(): void {
    this.#live.notify({ type: 'network' });
  }

  closeFinished(): void {
    this.#finished = null;
  }
  closeTrouble(): void {
    this.#trouble = null;
  }
  closeError(): void {
    this.#error = '';
  }

  /** Lets go of every call without ending it. */
  clear(): void {
    this.#live.clear();
    this.#set.clear();
    this.#finished = null;
    this.#refresh();
  }

  #welcome(news: WelcomeNews): void {
    this.#me = news.person;
    this.#clockOffset = news.serverTime - Date.now();
    for (const view of this.#set.snapshot(news.calls)) this.#finish(view, { ...view, ended: 'failed' });
    for (const view of news.calls) this.#live.adopt(view, this.#me);
    this.#refresh();
    if (!news.resumed) this.#ringer.newSession();
  }

  #apply(view: CallView): void {
    const before = this.#set.get(view.call) ?? null;
    if (!this.#set.apply(view)) return;
    this.#show(before, view);
  }

  /** Takes the picture that answers a request made here. The call may be over already, before anything of it was seen. */
  #entered(view: CallView): void {
    if (this.#finished?.view.call === view.call) return;
    const before = this.#set.get(view.call);
    const fresh = this.#set.apply(view);
    if (!fresh && phaseOf(view) !== 'over') return;
    this.#show(before ?? { ...view, ended: null, me: { ...view.me, state: 'calling', here: true } }, view);
  }

  #show(before: CallView | null, view: CallView): void {
    this.#said = changes(before, view, this.#me);
    if (phaseOf(view) === 'over') this.#finish(before, view);
    else this.#live.adopt(view, this.#me);
    this.#refresh();
  }

  #finish(before: CallView | null, view: CallView): void {
    this.#live.drop(view.call);
    const was = before && phaseOf(before);
    if (was === null || was === 'elsewhere') return;
    const answered = was === 'incoming' ? null : view.answered_at;
    this.#finished = { view, was, lasted: answered === null ? null : this.since(answered) };
    const tone = was === 'incoming' ? null : endTone(view);
    if (tone) this.tones.play(tone);
  }

  #refresh(): void {
    this.#picture = picture(this.#set.all());
    this.#ringer.update(this.#picture, this.#me);
    this.hub.setInCall(this.#picture.current !== null);
  }

  /**
   * Enters a call on this device: opens the devices, asks the server, and takes its picture. Without a microphone the
   * person is asked first (`muted` goes on without it): somebody who answers must hear somebody.
   */
  #enter(
    { video = false, muted: silent = false }: StartOptions,
    muted: () => void,
    request: (sources: Sources) => Promise<CallView>,
  ): Promise<void> {
    this.tones.unlock();
    return this.#live.entering(async () => {
      let stopped = false;
      const sources = await this.#live.ready({ ...VOICE, mic: !silent, camera: video }, (problem) => {
        stopped = true;
        this.#tell(problem, muted);
      });
      if (stopped) return;
      await this.#try(async () => {
        const view = await request(sources);
        this.#entered(view);
        this.live(view.call)?.preset(sources);
      });
    });
  }

  #tell(problem: MediaProblem, proceed: (() => void) | null): void {
    if (problem.kind !== 'cancelled') this.#trouble = { problem, proceed };
  }

  /** Tells whether it worked; the person is told when not. */
  async #try(action: () => Promise<unknown>): Promise<boolean> {
    this.#error = '';
    try {
      await action();
      return true;
    } catch (error) {
      this.#error = error instanceof HubError ? localized(error.text) : t('call.error.generic');
      return false;
    }
  }

  #alerting(call: CallId): void {
    // A failure is mended by the next session, or the call is over anyway.
    this.hub.request('call.alerting', { call }).catch(() => {});
  }
}
