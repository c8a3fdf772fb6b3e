// A story is a chain of chapters: when one fails, the later ones fail at once instead of waiting for what cannot come, and
// the pages are photographed as they were.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const OUT = join(dirname(fileURLToPath(import.meta.url)), '../out');

/**
 * Makes the `chapter` function of a story.
 * @param title  name of the story, for the pictures of a failure
 * @param cast   gives those on stage: `{page, name}` each, undefined ones are passed over
 */
export function story(title, cast) {
  let broken = '';
  return (name, play) =>
    test(name, { timeout: 180_000 }, async () => {
      if (broken) throw new Error(`not played: "${broken}" failed before`);
      try {
        await play();
      } catch (error) {
        broken = name;
        await photograph(`${title}-${name}`, cast());
        throw error;
      }
    });
}

async function photograph(name, cast) {
  mkdirSync(OUT, { recursive: true });
  const safe = name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 80);
  const shots = cast.filter(Boolean).map((staff, index) => staff.page.screenshot({ path: join(OUT, `${safe}-${index}.png`) }).catch(() => {}));
  await Promise.all(shots);
}
