// What a page really hears and sees. The functions run inside the page; they look at the media elements that a person
// would hear and see, not at the application's own state.

/** Strongest frequency (Hz) and its level (dB) in each playing audio element of the page. */
export async function heard(page) {
  return page.evaluate(async () => {
    const audible = [...document.querySelectorAll('audio, video')].filter((element) => {
      const stream = element.srcObject;
      return stream instanceof MediaStream && !element.muted && !element.paused && stream.getAudioTracks().some((track) => track.readyState === 'live');
    });
    const context = (globalThis.__probe ??= new AudioContext());
    await context.resume();
    const results = await Promise.all(
      audible.map(async (element) => {
        const analyser = context.createAnalyser();
        analyser.fftSize = 8192;
        analyser.smoothingTimeConstant = 0;
        const source = context.createMediaStreamSource(new MediaStream(element.srcObject.getAudioTracks()));
        source.connect(analyser);
        await new Promise((resolve) => setTimeout(resolve, 400));
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        source.disconnect();
        let best = 8;
        for (let i = 8; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
        const perBin = context.sampleRate / analyser.fftSize;
        const peaks = [];
        for (let i = 8; i < bins.length - 1; i++) if (bins[i] > -75 && bins[i] >= bins[i - 1] && bins[i] > bins[i + 1]) peaks.push(Math.round(i * perBin));
        return { hertz: Math.round(best * perBin), decibels: Math.round(bins[best]), peaks };
      }),
    );
    return results;
  });
}

/** True when a tone near `hertz` is heard in some element. */
export function hears(results, hertz) {
  return results.some((result) => result.decibels > -75 && (Math.abs(result.hertz - hertz) <= 12 || result.peaks.some((peak) => Math.abs(peak - hertz) <= 12)));
}

/** Frames shown so far by each playing remote video element that is visible, with its size. */
export async function seen(page, selector = 'video') {
  return page.evaluate(
    (chosen) =>
      [...document.querySelectorAll(chosen)]
        .filter((video) => video.srcObject instanceof MediaStream && video.videoWidth > 0)
        .map((video) => ({ frames: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth, id: video.srcObject.id })),
    selector,
  );
}

/** Asks again until `check` gives something truthy, or fails with the last answer after `seconds`. */
export async function eventually(what, check, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    last = await check();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
