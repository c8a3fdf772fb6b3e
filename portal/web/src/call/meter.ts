/** Shows how loud a track is. */

/** Silence below this; a quiet office is about -60 dBFS. */
const FLOOR_DB = -60;

/** Loudness of samples on a scale that looks even to people: 0 at the floor, 1 at full scale. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/**
 * Measures a track about 20 times a second until the returned function is called. The track itself stays untouched.
 *
 * @param show hears the level, 0 to 1
 */
export function measure(
  context: AudioContext,
  track: MediaStreamTrack,
  show: (level: number) => void,
): () => void {
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    show(levelOf(samples));
  }, 50);
  return () => {
    clearInterval(timer);
    source.disconnect();
  };
}
