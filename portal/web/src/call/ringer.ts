import type { CallId, CallView, PersonId } from '../gen/wire';
import { t } from '../i18n';
import { closeNotice, markTitle, showNotice } from './notify';
import { toneFor } from './ring-plan';
import type { TonePlayer } from './tone-player';
import type { ToneName } from './tones';
import { caller, type Picture } from './view';

/**
 * Makes the device ring: sound, notification, title. Reports a call as alerting only when something can really be
 * noticed: the card is on a visible screen, sound comes out, or the system shows the notification.
 */
export class Ringer {
  readonly #ringing = new Map<CallId, Ring>();
  #tone: ToneName | null = null;

  constructor(
    private readonly tones: Pick<TonePlayer, 'play' | 'stop' | 'audible'>,
    private readonly onAlerting: (call: CallId) => void,
  ) {}

  /** The calls changed. */
  update(picture: Picture, me: PersonId): void {
    this.#sound(toneFor(picture, me));
    const now = new Set(picture.incoming.map((view) => view.call));
    for (const call of this.#ringing.keys()) {
      if (now.has(call)) continue;
      this.#ringing.delete(call);
      void closeNotice(call);
    }
    for (const view of picture.incoming) {
      if (!this.#ringing.has(view.call)) this.#start(view);
      if (this.tones.audible) this.noticed(view.call);
    }
    const first = picture.incoming[0];
    markTitle(first ? t('call.said.incoming', { name: caller(first)?.card.name ?? '' }) : null);
  }

  /** The person can notice this call. */
  noticed(call: CallId): void {
    const ring = this.#ringing.get(call);
    if (!ring) return;
    ring.noticed = true;
    this.#tell(call, ring);
  }

  /** The server has forgotten what this device told it: tells again. */
  newSession(): void {
    for (const [call, ring] of this.#ringing) {
      ring.told = false;
      this.#tell(call, ring);
    }
  }

  #tell(call: CallId, ring: Ring): void {
    if (!ring.noticed || ring.told) return;
    ring.told = true;
    this.onAlerting(call);
  }

  #start(view: CallView): void {
    this.#ringing.set(view.call, { noticed: false, told: false });
    if (document.visibilityState === 'visible') return;
    const card = caller(view)?.card;
    const notice = {
      call: view.call,
      title: t('call.said.incoming', { name: card?.name ?? '' }),
      body: card ? `${card.unit} ${card.post}` : '',
      answer: t('call.answer'),
      decline: t('call.decline'),
    };
    void showNotice(notice).then((shown) => {
      if (!this.#ringing.has(view.call)) void closeNotice(view.call);
      else if (shown) this.noticed(view.call);
    });
  }

  /** Only what was begun here is stopped: the tones of an ended call play to their end. */
  #sound(tone: ToneName | null): void {
    if (tone === this.#tone) return;
    this.#tone = tone;
    if (tone) this.tones.play(tone);
    else this.tones.stop();
  }
}

interface Ring {
  /** Seen, heard or shown by the system. */
  noticed: boolean;
  /** The server knows. */
  told: boolean;
}
