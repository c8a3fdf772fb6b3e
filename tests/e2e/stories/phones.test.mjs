// An administrator sets up a telephone without any PBX: it registers at the hub, is dialled, dials staff, and leaves records.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { LOOKS, look } from '../lib/look.mjs';
import { Phone } from '../lib/phone.mjs';
import { eventually, heard, hears } from '../lib/probe.mjs';
import { freePort, Server } from '../lib/server.mjs';
import { LIN, Staff, WANG } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';
import { trunkConfig } from '../lib/telephony.mjs';

const folder = scratch();
let server, lin, wang, desk, sip, password;
const chapter = story('phones', () => [lin, wang]);

before(async () => {
  sip = await freePort();
  // Nothing listens where the PBX should be.
  server = await Server.start(folder, undefined, trunkConfig({ sip, pbx: await freePort() }));
  lin = await Staff.enter(server, folder, LIN);
  wang = await lin.furtherDevice(server, WANG);
});

after(async () => {
  await Promise.all([lin?.close(), desk?.close()]);
  await server?.stop();
});

chapter('only an administrator finds the pages of administration', async () => {
  await wang.at('nav-admin').first().click();
  await wang.at('admin-page').waitFor();
  assert.equal(await lin.at('nav-admin').count(), 0);
  await lin.page.goto(`${lin.url}/admin/phones`);
  await lin.at('admin-forbidden').waitFor();
  assert.equal(await lin.page.evaluate(async () => (await fetch('/api/admin/phones')).status), 403);
  await lin.page.goto(lin.url);
});

chapter('a trunk whose PBX is down is shown so', async () => {
  await wang.page.getByRole('tab', { name: '電話中繼' }).click();
  await wang.page.locator('[data-testid=trunk-pbx][data-state=down]').waitFor();
});

chapter('an account is made, the telephone registers with it, and shows as registered', async () => {
  await wang.page.getByRole('tab', { name: '話機' }).click();
  await wang.at('add-phone').click();
  await wang.at('phone-extension').fill('1050');
  await wang.at('phone-name').fill('三樓會議室');
  await wang.at('phone-create').click();
  password = (await wang.at('fresh-password').textContent()).trim();
  assert.match(await wang.at('fresh-server').textContent(), new RegExp(String(sip)));
  await wang.at('fresh-done').click();
  desk = await Phone.start(folder, { number: '1050', hertz: 620, registrar: `127.0.0.1:${sip}`, password });
  await wang.page.reload();
  await wang.page.locator('[data-testid=phone-1050][data-registered=true]').waitFor();
});

chapter('staff dial it, and both hear each other', async () => {
  await lin.dial('1050');
  await desk.event('CALL_INCOMING');
  desk.answer();
  await lin.page.locator('[data-testid=tile][data-state="connected"]').first().waitFor();
  await desk.hears(LIN.hertz);
  await eventually('the app hears it', async () => hears(await heard(lin.page), desk.hertz));
  await lin.hangUp();
  await desk.event('CALL_CLOSED');
  await lin.closeEnd();
});

chapter('it dials staff, who see its name', async () => {
  desk.dial(lin.extension);
  await lin.rings();
  assert.match(await lin.at('incoming').textContent(), /三樓會議室/);
  await lin.answer();
  await desk.event('CALL_ESTABLISHED');
  await desk.hears(LIN.hertz);
  await desk.hangUp();
  await lin.ended();
  await lin.closeEnd();
});

chapter('its calls are on record, with what they sounded like, and can be exported', async () => {
  await wang.page.getByRole('tab', { name: '話務紀錄' }).click();
  await wang.at('records-text').fill('1050');
  await wang.page.locator('[data-testid=record]', { hasText: 'MOS' }).first().waitFor();
  const csv = await wang.page.evaluate(async () => (await fetch('/api/admin/call-records.csv?text=1050')).text());
  assert.match(csv, /1050/);
  const ods = await wang.page.evaluate(async () => new Uint8Array(await (await fetch('/api/admin/call-records.ods')).arrayBuffer()).length);
  assert.ok(ods > 500);
});

chapter('every new screen looks right to axe, in both languages, widths and colour schemes', async () => {
  const findings = [];
  for (const kind of LOOKS) {
    const device = await lin.furtherDevice(server, WANG, kind.context);
    for (const [screen, path, testid] of [
      ['dial', '/dial?number=1050', 'dial-page'],
      ['records', '/admin/records', 'records'],
      ['trunks', '/admin/trunks', 'trunks'],
      ['phones', '/admin/phones', 'phones'],
    ]) {
      await device.page.goto(`${server.url}${path}`);
      await device.at(testid).waitFor();
      findings.push(...(await look(device.page, kind, screen)));
    }
    await device.close();
  }
  assert.deepEqual(findings, []);
});
