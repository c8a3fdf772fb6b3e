// Each screen in both languages, widths and colour schemes: photographed, and looked over by axe.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { LOOKS, look } from '../lib/look.mjs';
import { PASSWORD, Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff, WANG } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';

const folder = scratch();
let server, chen, lin;
const chapter = story('screens', () => [lin, chen]);

before(async () => {
  server = await Server.start(folder);
  chen = await Staff.enter(server, folder, CHEN);
});

after(async () => {
  await chen?.close();
  await server?.stop();
});

/** A page that is not logged in, with the look's language, width and scheme, in Chen's browser process. */
async function newPage({ context }) {
  const settings = { permissions: ['camera', 'microphone', 'notifications'], ...context };
  const browserContext = await chen.browser.browser.newContext(settings);
  browserContext.setDefaultTimeout(20_000);
  return { context: browserContext, page: await browserContext.newPage() };
}

for (const style of LOOKS) {
  chapter(`all screens, ${style.id}`, async () => {
    const found = [];
    const see = async (screen) => found.push(...(await look(lin.page, style, screen)));
    const browser = await newPage(style);
    lin = Object.assign(new Staff(), { page: browser.page, browser: { ...browser, close: () => browser.context.close() }, name: LIN.name });
    await lin.page.goto(server.url);
    await lin.at('account').fill(LIN.account);
    await lin.at('password').fill('not the password');
    await lin.at('login-submit').click();
    await lin.at('login-error').waitFor();
    await see('login-refused');
    await lin.at('password').fill(PASSWORD);
    await lin.at('login-submit').click();
    await lin.at('home-page').waitFor();
    await lin.at('colleagues').waitFor();
    lin.id = await lin.page.evaluate(async () => (await (await fetch('/api/me')).json()).person.id);
    await see('home');

    await lin.find(chen);
    await see('search');
    await lin.at(`person-${chen.id}`).first().click();
    await lin.at('person-card').waitFor();
    await see('person');

    await chen.call(lin, { video: true });
    await lin.rings();
    await see('incoming');
    await lin.answer({ video: true });
    await lin.sees(chen, 'connected');
    await lin.page.locator('[data-testid=tile] video').first().waitFor();
    await lin.page.waitForFunction(() => [...document.querySelectorAll('[data-testid=tile] video')].some((video) => video.videoWidth > 0));
    await see('call');
    await lin.at('call-add').click();
    await lin.at('people-picker').waitFor();
    await see('picker');
    await lin.page.keyboard.press('Escape');
    await chen.hangUp();
    await lin.at('call-ended').waitFor();
    await see('ended');
    await lin.closeEnd();
    await chen.closeEnd();

    await lin.at('nav-history').first().click();
    await lin.at('call-row').first().waitFor();
    await see('history');
    await lin.at('nav-settings').first().click();
    await lin.at('logins').waitFor();
    await see('settings');
    await lin.close();
    assert.deepEqual(found, [], 'axe');
  });
}

chapter('a blocked microphone is explained, and the call goes on without it', async () => {
  lin = await Staff.enter(server, folder, WANG, { blocked: true });
  await lin.find(chen);
  await lin.at(`call-${chen.id}`).first().click();
  await lin.at('trouble-dialog').waitFor();
  assert.equal(await lin.at('trouble-text').getAttribute('data-problem'), 'denied');
  assert.deepEqual(await look(lin.page, LOOKS[0], 'microphone-denied'), []);
  await lin.at('trouble-proceed').click();
  await chen.rings();
  await chen.decline();
  assert.equal(await lin.ended(), '對方拒接');
  await lin.close();
});
