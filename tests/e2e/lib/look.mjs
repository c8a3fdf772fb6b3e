// Pictures of screens, and what axe finds on them.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AxeBuilder } from '@axe-core/playwright';

import { DESKTOP, PHONE } from './person.mjs';

const OUT = join(dirname(fileURLToPath(import.meta.url)), '../out/pictures');

/** Both languages at both widths, in both colour schemes. */
export const LOOKS = [
  { id: 'zh-desktop', context: { locale: 'zh-TW', viewport: DESKTOP, colorScheme: 'light' } },
  { id: 'en-phone', context: { locale: 'en-GB', viewport: PHONE, colorScheme: 'light', hasTouch: true, isMobile: true } },
  { id: 'en-desktop', context: { locale: 'en-GB', viewport: DESKTOP, colorScheme: 'dark' } },
  { id: 'zh-phone', context: { locale: 'zh-TW', viewport: PHONE, colorScheme: 'dark', hasTouch: true, isMobile: true } },
];

/** Runs in the page: waits for what moves to come to rest, for a half faded text has no contrast. Pulses go on for ever. */
async function atRest() {
  const ending = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
  await Promise.allSettled(ending.map((animation) => animation.finished));
}

/** Takes the picture of a screen and gives what axe finds wrong on it, one line each. */
export async function look(page, look, screen) {
  mkdirSync(OUT, { recursive: true });
  await page.evaluate(atRest);
  await page.screenshot({ path: join(OUT, `${screen}-${look.id}.jpg`), type: 'jpeg', quality: 80, animations: 'disabled' });
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${screen} ${look.id}: ${id} at ${target}: ${failureSummary}`));
}
