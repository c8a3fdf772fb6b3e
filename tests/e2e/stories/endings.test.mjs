// Every way in which a call can end shows the right words on both sides.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff, WANG } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';

const folder = scratch();
let server, lin, chen, wang;
const chapter = story('endings', () => [lin, chen, wang]);

before(async () => {
  server = await Server.start(folder);
  lin = await Staff.enter(server, folder, LIN);
  [chen, wang] = await Promise.all([CHEN, WANG].map((who) => lin.furtherDevice(server, who)));
});

after(async () => {
  await lin?.close();
  await server?.stop();
});

chapter('declined', async () => {
  await lin.call(chen);
  await chen.rings();
  await chen.decline();
  assert.equal(await lin.ended(), '對方拒接');
  assert.equal(await chen.ended(), '已拒接');
  await chen.closeEnd();
  await lin.closeEnd();
});

chapter('cancelled before the answer: it is a missed call with a badge', async () => {
  await lin.call(chen);
  await chen.rings();
  await lin.hangUp();
  assert.equal(await lin.ended(), '已取消撥號');
  assert.equal(await chen.ended(), '對方已取消');
  await chen.closeEnd();
  await chen.at('missed-badge').first().waitFor();
  assert.match(await chen.at('missed-badge').first().textContent(), /1/);
  await lin.closeEnd();
});

chapter('answered on one device, silenced on the other', async () => {
  const tablet = await lin.furtherDevice(server, CHEN);
  await lin.call(chen);
  await Promise.all([chen.rings(), tablet.rings()]);
  await tablet.answer();
  await lin.sees(chen, 'connected');
  assert.equal(await chen.ended(), '已在您的其他裝置接聽');
  await chen.closeEnd();
  await chen.at('elsewhere').waitFor();
  await chen.at('call-take').click();
  await chen.at('call-hang-up').waitFor();
  await tablet.at('call-hang-up').waitFor({ state: 'detached' });
  assert.equal(await tablet.ended(), '已移到您的其他裝置');
  await chen.hangUp();
  assert.equal(await lin.ended(), '通話結束');
  await lin.closeEnd();
  await chen.closeEnd();
  await tablet.close();
});

chapter('a second call waits, and a third one hears that the person is busy', async () => {
  await lin.call(chen);
  await chen.rings();
  await chen.answer();
  await lin.sees(chen, 'connected');
  await wang.call(chen);
  await chen.at('waiting').waitFor();
  const fourth = await lin.furtherDevice(server, await someoneElse());
  await fourth.call(chen);
  assert.equal(await fourth.ended(), '對方忙線中');
  await fourth.close();
  await chen.at('waiting-hold-answer').click();
  await wang.sees(chen, 'connected');
  await lin.sees(chen, 'held');
  await chen.hangUp();
  await chen.closeEnd();
  await chen.at('call-hold').click();
  await lin.sees(chen, 'connected');
  await lin.hangUp();
  await Promise.all([lin, chen, wang].map((staff) => staff.closeEnd()));
});

chapter('nobody there: unreachable for the caller, a missed call for the callee who logs in later', async () => {
  await wang.close();
  await lin.call(wang);
  assert.equal(await lin.ended(), '對方目前無法聯絡');
  await lin.closeEnd();
  wang = await lin.furtherDevice(server, WANG);
  await wang.at('missed-badge').first().waitFor();
  await wang.at('nav-history').first().click();
  await wang.at('call-row').first().waitFor();
  assert.match(await wang.at('call-row').first().textContent(), new RegExp(LIN.name));
});

chapter('no answer in time', async () => {
  await lin.call(wang);
  await wang.rings();
  await lin.at('call-ended').waitFor({ timeout: 90_000 });
  assert.equal(await lin.ended(), '對方沒有接聽');
  assert.equal(await wang.ended(), '未接來電');
  await lin.closeEnd();
});

/** An account of the demo that no other part of this story uses. */
async function someoneElse() {
  const person = await lin.page.evaluate(async (taken) => {
    const { units } = await (await fetch('/api/units')).json();
    for (const unit of units) {
      const { people } = await (await fetch(`/api/units/${unit.id}/people`)).json();
      const other = people.find((candidate) => !taken.includes(candidate.name));
      if (other) return other;
    }
    return null;
  }, [LIN.name, CHEN.name, WANG.name]);
  return { account: person.email.split('@')[0], name: person.name };
}
