// How long a person waits, in real browsers: from pressing the call button to the other screen ringing, and from pressing
// answer until both hear each other. Writes rows for `make bench`: node bench/call.mjs OUT.json
import { writeFileSync } from 'node:fs';

import { scratch } from '../lib/devices.mjs';
import { Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff } from '../lib/staff.mjs';

const CALLS = 20;
/** The first calls warm up caches and the machine. */
const WARM_UP = 3;
/** Goals for the 95th percentile in milliseconds: what a person takes for "at once". */
const RING_LIMIT = 150;
const AUDIO_LIMIT = 250;

/** Runs in each page before the app: notes the moments of presses, of ringing, and of the first sound received. */
function stopwatch() {
  const now = () => performance.timeOrigin + performance.now();
  const marks = (globalThis.__marks = {});
  addEventListener('click', ({ target }) => {
    const id = target.closest?.('[data-testid]')?.dataset.testid ?? '';
    if (id.startsWith('call-') && id.length > 30) marks.pressed = now();
    if (id === 'incoming-answer') marks.answered = now();
  }, true);
  new MutationObserver(() => {
    if (document.querySelector('[data-testid=incoming]')) marks.rang ??= now();
  }).observe(document, { childList: true, subtree: true });
  const Real = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...words) {
      super(...words);
      const listen = async () => {
        if (this.connectionState === 'closed') return;
        for (const report of (await this.getStats()).values()) {
          if (report.type === 'inbound-rtp' && report.kind === 'audio' && report.totalAudioEnergy > 0) marks.heard ??= now();
        }
        if (!marks.heard) setTimeout(listen, 5);
      };
      void listen();
    }
  };
}

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)];

async function oneCall(lin, chen) {
  for (const staff of [lin, chen]) await staff.page.evaluate(() => Object.keys(__marks).forEach((mark) => delete __marks[mark]));
  await lin.at(`call-${chen.id}`).first().click();
  await chen.rings();
  // People need longer than this to take up a phone; the connection is warmed meanwhile.
  await lin.sees(chen, 'ringing');
  await chen.page.waitForTimeout(700);
  await chen.answer();
  await Promise.all([lin, chen].map((staff) => staff.page.waitForFunction(() => __marks.heard, null, { polling: 20 })));
  const [a, b] = await Promise.all([lin, chen].map((staff) => staff.page.evaluate(() => ({ ...__marks }))));
  await lin.hangUp();
  await Promise.all([lin, chen].map((staff) => staff.at('call-ended').waitFor()));
  await Promise.all([lin, chen].map((staff) => staff.closeEnd()));
  return { ring: b.rang - a.pressed, audio: Math.max(a.heard, b.heard) - b.answered };
}

const folder = scratch('switchboard-bench-');
const server = await Server.start(folder);
const results = [];
try {
  const watch = { prepare: stopwatch };
  const [lin, chen] = [await Staff.enter(server, folder, LIN, watch), await Staff.enter(server, folder, CHEN, watch)];
  await lin.find(chen);
  for (let n = 0; n < WARM_UP + CALLS; n++) {
    const result = await oneCall(lin, chen);
    if (n >= WARM_UP) results.push(result);
  }
  await Promise.all([lin.close(), chen.close()]);
} finally {
  await server.stop();
}

const rows = [];
for (const [name, of, limit] of [['call.press_to_ring', 'ring', RING_LIMIT], ['call.answer_to_audio', 'audio', AUDIO_LIMIT]]) {
  const values = results.map((result) => result[of]);
  const [p50, p95] = [percentile(values, 0.5), percentile(values, 0.95)];
  rows.push({ name, value: p95, unit: 'ms (p95)', limit, peers: {}, ratio_to_limit: p95 / limit });
  rows.push({ name: `${name}_p50`, value: p50, unit: 'ms (p50)', limit: null, peers: {}, ratio_to_limit: null });
}
const out = process.argv[2];
if (out) writeFileSync(out, JSON.stringify(rows, null, 2));
else console.log(JSON.stringify(rows, null, 2));
