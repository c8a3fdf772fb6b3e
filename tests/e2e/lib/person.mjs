// One person at one device: a browser process with a microphone and a camera of its own.
import { chromium } from 'playwright-core';
import { cameraFile, toneFile } from './devices.mjs';

const BASE = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--ignore-certificate-errors',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream=fps=10',
  '--auto-select-desktop-capture-source=Entire screen',
];

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/**
 * Opens a browser for a person.
 * @param options.folder   scratch folder of the run
 * @param options.hertz    tone of the microphone
 * @param options.hue      [Cb, Cr] of the camera picture
 * @param options.network  a Namespace, or nothing for the host's own network
 * @param options.prepare  a function to run in each page before the app
 * @param options.blocked  nobody allows microphone and camera
 * @param options.context  further options of the browser context (viewport, locale, colorScheme, permissions)
 */
export async function openBrowser({ folder, hertz, hue = [90, 160], network, prepare, blocked = false, context = {} }) {
  const browser = await chromium.launch({
    executablePath: network?.wrapper ?? '/usr/bin/chromium',
    headless: true,
    args: [
      ...BASE,
      `--use-file-for-fake-audio-capture=${toneFile(folder, hertz)}`,
      `--use-file-for-fake-video-capture=${cameraFile(folder, String(hertz), hue)}`,
      ...(blocked ? [] : ['--use-fake-ui-for-media-stream']),
      ...(network ? [`--host-resolver-rules=MAP hub.test ${network.hostAddress}`] : []),
    ],
  });
  const settings = { viewport: DESKTOP, locale: 'zh-TW', ignoreHTTPSErrors: true, permissions: blocked ? [] : ['camera', 'microphone', 'notifications'], ...context };
  const browserContext = await browser.newContext(settings);
  browserContext.setDefaultTimeout(20_000);
  // A steady tone is what noise suppression is made to remove; the story needs to hear it.
  await browserContext.addInitScript(() => {
    const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    if (!real) return;
    navigator.mediaDevices.getUserMedia = (wanted) => {
      const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      const audio = wanted?.audio ? { ...(typeof wanted.audio === 'object' ? wanted.audio : {}), ...raw } : wanted?.audio;
      return real({ ...wanted, audio });
    };
  });
  if (prepare) await browserContext.addInitScript(prepare);
  const page = await browserContext.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|net::ERR|WebSocket connection/.test(message.text())) problems.push(message.text());
  });
  return { browser, context: browserContext, page, problems, close: () => browser.close() };
}
