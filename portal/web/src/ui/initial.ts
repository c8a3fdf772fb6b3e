/** Number of colours of avatars; `Avatar.svelte` has one class for each. */
export const HUES = 12;

/** A colour number, 0 to 11, that stays with an id. FNV-1a: neighbouring ids get different colours. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash % HUES;
}

/**
 * What an avatar shows of a name: the first character of a Chinese name, the first letter otherwise. Counts code
 * points, so that characters beyond the basic plane stay whole.
 */
export function initialOf(name: string): string {
  const first = [...name.normalize('NFC').trim()][0];
  return first === undefined ? '?' : first.toUpperCase();
}
