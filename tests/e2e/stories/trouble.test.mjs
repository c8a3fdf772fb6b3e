// What goes wrong on the way: a cut network, a killed server, a log-in that is ended from another device.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { Namespace } from '../lib/network.mjs';
import { eventually, heard, hears } from '../lib/probe.mjs';
import { Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';

const folder = scratch();
let server, network, lin, chen;
const chapter = story('trouble', () => [lin, chen]);

before(async () => {
  // The interface has to exist before the server looks for its addresses.
  network = new Namespace(folder);
  server = await Server.start(folder);
  lin = await Staff.enter(server, folder, LIN);
  chen = await Staff.enter(server, folder, CHEN, { network });
});

after(async () => {
  await Promise.allSettled([lin?.close(), chen?.close()]);
  await server?.stop();
  network?.remove();
});

const hearsTone = (staff, hertz, seconds) => eventually(`${staff.name} hears ${hertz} Hz`, async () => hears(await heard(staff.page), hertz), seconds);

chapter('socket and media of one side are cut for five seconds, and the call goes on', async () => {
  await lin.call(chen);
  await chen.rings();
  await chen.answer();
  await lin.sees(chen, 'connected');
  await Promise.all([hearsTone(lin, CHEN.hertz), hearsTone(chen, LIN.hertz)]);
  network.cut();
  await eventually('the tone is gone', async () => !hears(await heard(lin.page), CHEN.hertz));
  // The length of the cut is the story, not a wait for something.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  network.restore();
  await Promise.all([hearsTone(lin, CHEN.hertz, 45), hearsTone(chen, LIN.hertz, 45)]);
  await lin.sees(chen, 'connected');
  await lin.hangUp();
  await chen.at('call-ended').waitFor();
  await lin.closeEnd();
  await chen.closeEnd();
});

chapter('both press call at the same moment: one call results', async () => {
  await Promise.all([lin.find(chen), chen.find(lin)]);
  await Promise.all([lin.at(`call-${chen.id}`).first().click(), chen.at(`call-${lin.id}`).first().click()]);
  await Promise.all([lin.sees(chen, 'connected'), chen.sees(lin, 'connected')]);
  await Promise.all([hearsTone(lin, CHEN.hertz), hearsTone(chen, LIN.hertz)]);
});

chapter('a reloaded page takes its running call up again', async () => {
  await chen.page.reload();
  await chen.at('call-screen').waitFor();
  await Promise.all([hearsTone(lin, CHEN.hertz), hearsTone(chen, LIN.hertz)]);
  await chen.hangUp();
  await lin.at('call-ended').waitFor();
  await lin.closeEnd();
  await chen.closeEnd();
});

chapter('the server is killed while it rings: the call is a missed call afterwards', async () => {
  await lin.call(chen);
  await chen.rings();
  await server.kill();
  server = await Server.start(folder, server.ports);
  await eventually('the badge shows the missed call', async () => (await chen.at('missed-badge').count()) > 0, 60);
});

chapter('a log-in that is ended from another device drops its page to the log-in', async () => {
  const second = await lin.furtherDevice(server, LIN);
  await second.at('nav-settings').first().click();
  const end = second.page.locator('[data-testid^=end-]').first();
  await end.click();
  await lin.at('login-page').waitFor();
  assert.equal(await second.at('my-name').count(), 1);
  await second.close();
});
