// The screens of calls that need a second call or device, and the pages shown when the app cannot run: photographed in all
// four looks, and looked over by axe.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { LOOKS, look } from '../lib/look.mjs';
import { Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff, WANG } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';

const folder = scratch();
let server, chen, wang, lin;
const chapter = story('call-screens', () => [lin, chen, wang]);

before(async () => {
  server = await Server.start(folder);
  chen = await Staff.enter(server, folder, CHEN);
  wang = await chen.furtherDevice(server, WANG);
});

after(async () => {
  await chen?.close();
  await server?.stop();
});

for (const style of LOOKS) {
  chapter(`waiting, held, elsewhere and away, ${style.id}`, async () => {
    const found = [];
    const see = async (screen) => found.push(...(await look(lin.page, style, screen)));
    lin = await chen.furtherDevice(server, LIN, style.context);
    await lin.call(chen);
    await lin.sees(chen, 'ringing');
    await see('outgoing');
    await chen.answer();
    await lin.sees(chen, 'connected');
    await wang.call(lin);
    await lin.at('waiting').waitFor();
    await see('waiting');
    await lin.at('waiting-hold-answer').click();
    await lin.at('held').waitFor();
    await lin.sees(wang, 'connected');
    await see('held');
    const other = await chen.furtherDevice(server, LIN);
    await other.at('elsewhere').first().waitFor();
    await other.close();
    await Promise.all([wang.hangUp(), chen.hangUp()]);
    await lin.at('call-screen').waitFor({ state: 'detached' });
    await lin.browser.context.setOffline(true);
    await lin.at('connection-banner').waitFor();
    await see('offline');
    await lin.browser.context.setOffline(false);
    const tab = await lin.browser.context.newPage();
    await tab.goto(server.url);
    await Promise.race([tab.getByTestId('other-tab').waitFor(), lin.at('other-tab').waitFor()]);
    const shut = (await tab.getByTestId('other-tab').count()) ? tab : lin.page;
    found.push(...(await look(shut, style, 'other-tab')));
    await lin.close();
    await Promise.all([chen, wang].map((staff) => staff.closeEnd()));
    assert.deepEqual(found, [], 'axe');
  });
}
