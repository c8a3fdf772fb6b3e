// Two colleagues find and call each other, a third joins; everybody hears and sees what the others really send.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { LOOKS, look } from '../lib/look.mjs';
import { eventually, heard, hears, seen } from '../lib/probe.mjs';
import { Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff, WANG } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';

const folder = scratch();
let server, lin, chen, wang;
const chapter = story('conversation', () => [lin, chen, wang]);

before(async () => {
  server = await Server.start(folder);
  [lin, chen, wang] = await Promise.all([LIN, CHEN, WANG].map((who) => Staff.enter(server, folder, who)));
});

after(async () => {
  await Promise.allSettled([lin, chen, wang].map((staff) => staff?.close()));
  await server?.stop();
});

const hearsTone = (staff, hertz) => eventually(`${staff.name} hears ${hertz} Hz`, async () => hears(await heard(staff.page), hertz));
const silent = (staff) => eventually(`${staff.name} hears nothing`, async () => (await heard(staff.page)).every((result) => result.decibels < -75));

async function framesIncrease(staff, selector) {
  const first = await eventually(`${staff.name} sees a picture`, async () => (await seen(staff.page, selector)).find((video) => video.frames > 0));
  await eventually(`${staff.name} sees it move`, async () => (await seen(staff.page, selector)).some((video) => video.frames > first.frames + 5));
}

chapter('a voice call rings, is answered, and both hear each other', async () => {
  await lin.call(chen);
  await chen.rings();
  assert.equal((await chen.at('incoming-name').textContent()).trim(), LIN.name);
  await lin.sees(chen, 'ringing');
  await chen.answer();
  await lin.sees(chen, 'connected');
  await Promise.all([hearsTone(lin, CHEN.hertz), hearsTone(chen, LIN.hertz)]);
});

chapter('both turn their cameras on and see each other', async () => {
  await lin.at('call-camera').click();
  await chen.at('call-camera').click();
  await Promise.all([lin, chen].map((staff) => framesIncrease(staff, '[data-testid=tile] video')));
});

chapter('mute silences one direction only', async () => {
  await lin.at('call-mic').click();
  await silent(chen);
  await hearsTone(lin, CHEN.hertz);
  await lin.at('call-mic').click();
  await hearsTone(chen, LIN.hertz);
});

chapter('hold silences both, is told to the other side, and resume brings both back', async () => {
  await chen.at('call-hold').click();
  await lin.sees(chen, 'held');
  await Promise.all([silent(lin), silent(chen)]);
  await chen.at('call-hold').click();
  await Promise.all([hearsTone(lin, CHEN.hertz), hearsTone(chen, LIN.hertz)]);
});

chapter('a shared screen arrives', async () => {
  await lin.at('call-share').click();
  await framesIncrease(chen, '[data-testid=tile-screen] video');
  await lin.at('call-share').click();
  await chen.at('tile-screen').waitFor({ state: 'detached' });
});

chapter('a third is added and all three hear one another', async () => {
  await lin.at('call-add').click();
  await lin.at('people-picker').locator('input').first().fill(WANG.name);
  await lin.at(`pick-${wang.id}`).first().click();
  await lin.at('pick-add').click();
  await wang.rings();
  await wang.answer();
  await lin.sees(wang, 'connected');
  const tones = { [LIN.hertz]: lin, [CHEN.hertz]: chen, [WANG.hertz]: wang };
  for (const staff of [lin, chen, wang]) {
    for (const hertz of Object.keys(tones).map(Number)) if (tones[hertz] !== staff) await hearsTone(staff, hertz);
  }
});

chapter('three cameras in one picture', async () => {
  await wang.at('call-camera').click();
  await lin.page.waitForFunction(() => [...document.querySelectorAll('[data-testid=tile] video')].filter((video) => video.videoWidth > 0).length === 2);
  assert.deepEqual(await look(lin.page, LOOKS[0], 'group'), [], 'axe');
});

chapter('one leaves and the others go on; the starter ends the call for all', async () => {
  await wang.hangUp();
  await wang.at('call-ended').waitFor();
  await hearsTone(lin, CHEN.hertz);
  await lin.at('call-more').click();
  await lin.at('call-end-for-all').click();
  await lin.at('end-for-all').click();
  assert.equal(await chen.ended(), '通話結束');
  for (const staff of [lin, chen, wang]) {
    await staff.closeEnd();
    assert.deepEqual(staff.browser.problems, [], `${staff.name}'s page had errors`);
  }
});
