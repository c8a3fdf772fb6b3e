// The directory as the manual describes it: the tree, the search below the tier where one stands, and live presence.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { scratch } from '../lib/devices.mjs';
import { Server } from '../lib/server.mjs';
import { CHEN, LIN, Staff } from '../lib/staff.mjs';
import { story } from '../lib/story.mjs';

const folder = scratch();
let server, lin, chen;
const chapter = story('directory', () => [lin, chen]);

before(async () => {
  server = await Server.start(folder);
  lin = await Staff.enter(server, folder, LIN);
  chen = await lin.furtherDevice(server, CHEN);
});

after(async () => {
  await lin?.close();
  await server?.stop();
});

const rows = (staff) => staff.page.locator('[data-testid=search-results] [data-testid^=person-]');

chapter('manual 二(一)2: 主任 below 系統研發中心 is exactly one row, in the whole city more', async () => {
  await lin.at('nav-directory').first().click();
  await lin.page.locator('[data-testid=org-tree]').getByText('系統研發中心', { exact: true }).click();
  await lin.at('unit-people').waitFor();
  await lin.at('search').fill('主任');
  await rows(lin).first().waitFor();
  assert.equal(await rows(lin).count(), 1);
  await lin.at('tier-city').or(lin.at('search-city')).first().click();
  await lin.page.waitForFunction(() => document.querySelectorAll('[data-testid=search-results] [data-testid^=person-]').length > 1);
});

chapter('an extension finds its person', async () => {
  const { extension, id } = await lin.page.evaluate(async (person) => (await fetch(`/api/people/${person}`)).json(), chen.id);
  await lin.at('search').fill(extension);
  await lin.at(`person-${id}`).first().waitFor();
});

chapter('presence follows a colleague: available, in a call, offline', async () => {
  await lin.find(chen);
  const row = lin.page.locator('li', { has: lin.at(`person-${chen.id}`) }).first();
  await row.locator('[data-presence=available]').first().waitFor({ state: 'attached' });
  await lin.call(chen);
  await chen.rings();
  await chen.answer();
  await lin.sees(chen, 'connected');
  const watcher = await lin.furtherDevice(server, LIN);
  await watcher.find(chen);
  const seen = watcher.page.locator('li', { has: watcher.at(`person-${chen.id}`) }).first();
  await seen.locator('[data-presence=in_call]').first().waitFor({ state: 'attached' });
  await lin.hangUp();
  await seen.locator('[data-presence=available]').first().waitFor({ state: 'attached' });
  await chen.page.evaluate(() => fetch('/api/logout', { method: 'POST', headers: { 'content-type': 'application/json' } }));
  await seen.locator('[data-presence=offline]').first().waitFor({ state: 'attached' });
  await chen.at('login-page').waitFor();
});
