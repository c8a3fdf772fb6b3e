import type { CallView, Party, PeerId, PersonId } from '../gen/wire';

/** One picture on the stage of a call. */
export interface TileSpec {
  /** Stable over the call, so that a video element is never made anew when people move. */
  key: string;
  party: Party;
  source: 'camera' | 'screen';
  /** This person's own picture. */
  self: boolean;
}

/** `grid`: all alike. `speaker`: one large, the others beside it. */
export type Mode = 'grid' | 'speaker';

/** Where the pictures go. */
export interface Layout {
  main: TileSpec[];
  /** Small ones beside the main one. */
  strip: TileSpec[];
}

/** Most pictures in the grid; further people are in the list of people. */
export const MAX_GRID = 16;

/** All pictures of a call: everybody who is in it or being called, and each shared screen before its owner. */
export function tilesOf(view: CallView, me: PersonId, sharing: boolean): TileSpec[] {
  const tiles: TileSpec[] = [];
  for (const party of view.parties) {
    if (party.state === 'left') continue;
    const { person } = party.card;
    const self = person === me;
    if (self ? sharing : party.sources.screen)
      tiles.push({ key: `${person}/screen`, party, source: 'screen', self });
    tiles.push({ key: `${person}/camera`, party, source: 'camera', self });
  }
  return tiles;
}

/**
 * Places the pictures. A shared screen of somebody else is always large. In the speaker view the loudest other person
 * is large; while nobody speaks it stays the one who was (`last`), so that the picture does not jump.
 */
export function arrange(
  tiles: readonly TileSpec[],
  mode: Mode,
  speakers: readonly PeerId[],
  last: string | null,
): Layout {
  const screens = tiles.filter((tile) => tile.source === 'screen' && !tile.self);
  if (screens.length > 0) return split(tiles, screens);
  if (mode === 'grid') return { main: tiles.slice(0, MAX_GRID), strip: [] };
  const people = tiles.filter((tile) => tile.source === 'camera' && !tile.self);
  const speaking = speakers
    .map((peer) => people.find((tile) => tile.party.peer === peer))
    .find((tile) => tile !== undefined);
  const large = speaking ?? people.find((tile) => tile.key === last) ?? people[0] ?? tiles[0];
  return large ? split(tiles, [large]) : { main: [], strip: [] };
}

function split(tiles: readonly TileSpec[], main: TileSpec[]): Layout {
  return { main, strip: tiles.filter((tile) => !main.includes(tile)).slice(0, MAX_GRID) };
}

/** Columns of a grid on a wide and on a narrow screen. */
export function columns(count: number): { wide: number; narrow: number } {
  const wide = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4;
  return { wide, narrow: count <= 2 ? 1 : count <= 8 ? 2 : 3 };
}
