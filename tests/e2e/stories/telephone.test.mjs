// Staff and the building's telephones call each other through a real PBX: kamailio with digest and Record-Route, baresip as desk phones.
// Tones are measured at both ends.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { Pbx, PBX_PASSWORD } from '../lib/pbx.mjs';
import { Phone } from '../lib/phone.mjs';
import { eventually, heard, hears } from '../lib/probe.mjs';
import { freePort, Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';
import { trunkConfig } from '../lib/telephony.mjs';

const folder = scratch();
let server, pbx, lin, chen, desk, office;
const chapter = story('telephone', () => [lin, chen]);

before(async () => {
  const [sip, port] = [await freePort(), await freePort()];
  server = await Server.start(folder, undefined, trunkConfig({ sip, pbx: port }));
  pbx = await Pbx.start(folder, { hub: `127.0.0.1:${sip}`, port });
  const at = { registrar: pbx.address, password: PBX_PASSWORD };
  [desk, office] = await Promise.all([
    Phone.start(folder, { number: '1001', hertz: 620, ...at }),
    Phone.start(folder, { number: '1002', hertz: 2100, ...at }),
  ]);
  [lin, chen] = await Promise.all([LIN, CHEN].map((who) => Staff.enter(server, folder, who)));
});

after(async () => {
  await Promise.all([lin?.close(), chen?.close(), desk?.close(), office?.close()]);
  await server?.stop();
  await pbx?.close();
});

const appHears = (staff, hertz) => eventually(`${staff.name} hears ${hertz} Hz`, async () => hears(await heard(staff.page), hertz));
const tile = (staff, state) => staff.page.locator(`[data-testid=tile][data-state="${state}"]`).first().waitFor();

chapter('an extension is dialled, rings, answers, and both hear each other', async () => {
  await lin.dial('1001');
  await desk.event('CALL_INCOMING');
  await tile(lin, 'ringing');
  desk.answer();
  await tile(lin, 'connected');
  await desk.hears(LIN.hertz);
  await appHears(lin, desk.hertz);
});

chapter('keys pressed in the app reach the telephone', async () => {
  await lin.at('call-keypad').click();
  for (const key of ['1', '2', '#']) await lin.at('keypad-dialog').getByTestId(`key-${key}`).click();
  for (const key of ['1', '2', '#']) assert.equal((await desk.event('CALL_DTMF_START')).param, key);
  await lin.at('dialog-close').click();
});

chapter('hold from the app and from the telephone, each resumed by who held', async () => {
  await lin.at('call-hold').click();
  await lin.at('notice-held').waitFor();
  await lin.at('call-hold').click();
  await lin.at('notice-held').waitFor({ state: 'detached' });
  await appHears(lin, desk.hertz);
  desk.hold(true);
  await tile(lin, 'held');
  desk.hold(false);
  await tile(lin, 'connected');
  await appHears(lin, desk.hertz);
});

chapter('the telephone hangs up', async () => {
  await desk.hangUp();
  assert.equal(await lin.ended(), '通話結束');
  await lin.closeEnd();
});

chapter('no such extension, busy and declined are told apart', async () => {
  await lin.dial('1099');
  assert.equal(await lin.ended(), '查無此號碼');
  await lin.closeEnd();
  await lin.dial('1001');
  await desk.event('CALL_INCOMING');
  await desk.hangUp();
  assert.match(await lin.ended(), /忙線|拒接/);
  await lin.closeEnd();
  await lin.dial('0204');
  await lin.at('toast').or(lin.at('notice-error')).first().waitFor();
});

chapter('the app hangs up before the answer, and the telephone falls silent', async () => {
  await lin.dial('1001');
  await desk.event('CALL_INCOMING');
  await lin.hangUp();
  await desk.event('CALL_CLOSED');
  assert.equal(await lin.ended(), '已取消撥號');
  await lin.closeEnd();
});

chapter('a telephone calls a member of staff; all devices ring, one answers', async () => {
  const tablet = await lin.furtherDevice(server, CHEN);
  desk.dial(chen.extension);
  await Promise.all([chen.rings(), tablet.rings()]);
  assert.match(await chen.at('incoming').textContent(), /1001/);
  await desk.event('CALL_RINGING');
  await chen.answer();
  await desk.event('CALL_ESTABLISHED');
  assert.equal(await tablet.ended(), '已在您的其他裝置接聽');
  await desk.hears(CHEN.hertz);
  await appHears(chen, desk.hertz);
  await chen.hangUp();
  await desk.event('CALL_CLOSED');
  await chen.closeEnd();
  await tablet.close();
});

chapter('a call that nobody takes is a missed call, and is called back by its number', async () => {
  desk.dial(chen.extension);
  await chen.rings();
  await desk.hangUp();
  await chen.ended();
  await chen.closeEnd();
  await chen.at('nav-history').first().click();
  await chen.at('call-row').first().waitFor();
  assert.match(await chen.at('call-row').first().textContent(), /1001/);
  await chen.at('call-back').first().click();
  await desk.event('CALL_INCOMING');
  await chen.hangUp();
  await desk.event('CALL_CLOSED');
  await chen.closeEnd();
});

chapter('declined in the app: the telephone is told', async () => {
  desk.dial(chen.extension);
  await chen.rings();
  await chen.decline();
  assert.match((await desk.event('CALL_CLOSED')).param, /486|603/);
  await chen.closeEnd();
});

chapter('the app hands the telephone on to a colleague', async () => {
  await lin.dial('1001');
  await desk.event('CALL_INCOMING');
  desk.answer();
  await tile(lin, 'connected');
  await lin.transfer(chen);
  await chen.rings();
  await chen.answer();
  assert.equal(await lin.ended(), '已轉接');
  await lin.closeEnd();
  await appHears(chen, desk.hertz);
  await chen.hangUp();
  await desk.event('CALL_CLOSED');
  await chen.closeEnd();
});

chapter('the app connects two telephones, and they hear each other', async () => {
  await lin.dial('1001');
  await desk.event('CALL_INCOMING');
  desk.answer();
  await tile(lin, 'connected');
  await lin.at('call-minimize').click();
  await lin.dial('1002');
  await office.event('CALL_INCOMING');
  office.answer();
  await tile(lin, 'connected');
  await lin.at('held-connect').click();
  await lin.ended();
  await lin.closeEnd();
  await office.hears(desk.hertz);
  await desk.hangUp();
  await office.event('CALL_CLOSED');
});

chapter('a telephone hands its call on to another number', async () => {
  desk.dial(chen.extension);
  await chen.rings();
  await chen.answer();
  await desk.event('CALL_ESTABLISHED');
  desk.transfer('1002');
  await office.event('CALL_INCOMING');
  office.answer();
  await office.hears(CHEN.hertz);
  await appHears(chen, office.hertz);
  await chen.hangUp();
  await office.event('CALL_CLOSED');
  await chen.closeEnd();
});

chapter('an extension joins a group call, hears everybody, and leaves', async () => {
  await lin.call(chen);
  await chen.rings();
  await chen.answer();
  await lin.sees(chen, 'connected');
  await lin.add('1001');
  await desk.event('CALL_INCOMING');
  desk.answer();
  await desk.hears(LIN.hertz);
  await desk.hears(CHEN.hertz);
  await appHears(lin, desk.hertz);
  await appHears(chen, desk.hertz);
  await desk.hangUp();
  await appHears(lin, CHEN.hertz);
  await lin.hangUp();
  await chen.ended();
  await Promise.all([lin.closeEnd(), chen.closeEnd()]);
});

chapter('the PBX is down: the app says so', async () => {
  await pbx.close();
  await lin.dial('1001');
  assert.equal(await lin.ended(), '電話系統無法使用');
  await lin.closeEnd();
  await pbx.resume();
});
