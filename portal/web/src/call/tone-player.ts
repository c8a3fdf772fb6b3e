import { KEY_TONES, TONES, type Note, type ToneName } from './tones';

/** Rise and fall of steady tones in seconds; without them they click. */
const RAMP = 0.01;

/** Plays the app's sounds. Browsers allow sound only after the person has touched the page; `unlock` is for that. */
export class TonePlayer {
  #context: AudioContext | null = null;
  #stop: (() => void) | null = null;
  #playing: ToneName | null = null;

  /** The context, also for level meters; made at the first use. */
  context(): AudioContext {
    this.#context ??= new AudioContext({ latencyHint: 'interactive' });
    return this.#context;
  }

  /** True when sound really comes out. */
  get audible(): boolean {
    return this.#context?.state === 'running';
  }

  /** To be called from a gesture of the person. */
  unlock(): void {
    if (this.context().state !== 'running') void this.context().resume();
  }

  /** Plays a tone in place of the one that plays now; nothing happens when it plays already. */
  play(name: ToneName): void {
    if (this.#playing === name) return;
    this.stop();
    const tone = TONES[name];
    const context = this.context();
    if (context.state === 'suspended') void context.resume();
    this.#playing = name;
    const output = context.createGain();
    output.connect(context.destination);
    let left = tone.times ?? Infinity;
    const round = (): void => {
      if (left-- <= 0) return this.stop();
      for (const note of tone.notes) sound(context, output, note);
    };
    round();
    const timer = setInterval(round, tone.every * 1000);
    this.#stop = () => {
      clearInterval(timer);
      output.gain.setTargetAtTime(0, context.currentTime, RAMP);
      setTimeout(() => output.disconnect(), 200);
    };
  }

  /** The two tones of a telephone key, once, over whatever plays (ITU-T Q.23). */
  key(digit: string): void {
    const hz = KEY_TONES[digit];
    if (!hz) return;
    const context = this.context();
    if (context.state === 'suspended') void context.resume();
    const output = context.createGain();
    output.connect(context.destination);
    sound(context, output, { at: 0, for: 0.14, hz, volume: 0.12, shape: 'steady' });
    setTimeout(() => output.disconnect(), 400);
  }

  /** Silence. */
  stop(): void {
    this.#stop?.();
    this.#stop = null;
    this.#playing = null;
  }
}

function sound(context: AudioContext, output: AudioNode, note: Note): void {
  const start = context.currentTime + note.at;
  const end = start + note.for;
  const envelope = context.createGain();
  envelope.connect(output);
  envelope.gain.setValueAtTime(0, start);
  envelope.gain.linearRampToValueAtTime(note.volume / note.hz.length, start + RAMP);
  if (note.shape === 'struck') {
    envelope.gain.exponentialRampToValueAtTime(0.001, end);
  } else {
    envelope.gain.setValueAtTime(note.volume / note.hz.length, end - RAMP);
    envelope.gain.linearRampToValueAtTime(0, end);
  }
  for (const hz of note.hz) {
    const oscillator = context.createOscillator();
    oscillator.frequency.value = hz;
    oscillator.connect(envelope);
    oscillator.start(start);
    oscillator.stop(end);
  }
}
