/** The organisation tree as data: which rows are on the screen, and what a key does there. No DOM. */
import type { Unit } from '../api';

export interface UnitTree {
  byId: ReadonlyMap<string, Unit>;
  /** Children in their order; under `null` the units at the top. */
  children: ReadonlyMap<string | null, readonly Unit[]>;
}

/** One visible row. Positions count from 1, as ARIA does. */
export interface TreeRow {
  unit: Unit;
  level: number;
  position: number;
  siblings: number;
  /** `undefined` for a unit without sub-units. */
  expanded: boolean | undefined;
}

/** What a key press asks for. */
export type TreeAction =
  | { type: 'focus'; unit: string }
  | { type: 'expand'; unit: string }
  | { type: 'collapse'; unit: string }
  | { type: 'select'; unit: string };

/** Orders the units; one whose parent is not in the list stands at the top, so no unit gets lost. */
export function buildTree(units: readonly Unit[]): UnitTree {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const children = new Map<string | null, Unit[]>();
  for (const unit of units) {
    const parent = unit.parent && byId.has(unit.parent) ? unit.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(unit);
    else children.set(parent, [unit]);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.sort - b.sort);
  return { byId, children };
}

/** Sub-units of a unit, or the units at the top. */
export function childrenOf(tree: UnitTree, unit: string | null): readonly Unit[] {
  return tree.children.get(unit) ?? [];
}

/** The units from the top down to this one, itself included; empty when it is unknown. */
export function pathTo(tree: UnitTree, id: string | null): Unit[] {
  const path: Unit[] = [];
  for (let unit = id === null ? undefined : tree.byId.get(id); unit && !path.includes(unit);) {
    path.unshift(unit);
    unit = unit.parent ? tree.byId.get(unit.parent) : undefined;
  }
  return path;
}

/** Rows from the top to the bottom of the screen. */
export function visibleRows(tree: UnitTree, expanded: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const walk = (parent: string | null, level: number) => {
    const siblings = childrenOf(tree, parent);
    siblings.forEach((unit, index) => {
      const open = childrenOf(tree, unit.id).length > 0 ? expanded.has(unit.id) : undefined;
      rows.push({ unit, level, position: index + 1, siblings: siblings.length, expanded: open });
      if (open) walk(unit.id, level + 1);
    });
  };
  walk(null, 1);
  return rows;
}

/** What a key does on the focused row, after the tree pattern of the ARIA Authoring Practices; `undefined`: nothing. */
export function treeKey(key: string, rows: readonly TreeRow[], focused: string): TreeAction | undefined {
  const index = rows.findIndex((row) => row.unit.id === focused);
  const row = rows[index];
  if (!row) return undefined;
  switch (key) {
    case 'ArrowDown':
      return focusOn(rows[index + 1]);
    case 'ArrowUp':
      return focusOn(rows[index - 1]);
    case 'Home':
      return focusOn(rows[0]);
    case 'End':
      return focusOn(rows.at(-1));
    case 'ArrowRight':
      if (row.expanded === undefined) return undefined;
      return row.expanded ? focusOn(rows[index + 1]) : { type: 'expand', unit: focused };
    case 'ArrowLeft':
      if (row.expanded) return { type: 'collapse', unit: focused };
      return focusOn(parentRow(rows, index));
    case 'Enter':
    case ' ':
      return { type: 'select', unit: focused };
    default:
      return typeAhead(key, rows, index);
  }
}

function focusOn(row: TreeRow | undefined): TreeAction | undefined {
  return row && { type: 'focus', unit: row.unit.id };
}

function parentRow(rows: readonly TreeRow[], index: number): TreeRow | undefined {
  const level = rows[index]?.level ?? 1;
  return rows.slice(0, index).findLast((row) => row.level < level);
}

/** A character goes to the next row whose name begins with it. */
function typeAhead(key: string, rows: readonly TreeRow[], index: number): TreeAction | undefined {
  if ([...key].length !== 1) return undefined;
  const wanted = key.toLowerCase();
  const round = [...rows.slice(index + 1), ...rows.slice(0, index)];
  return focusOn(round.find((row) => row.unit.name.toLowerCase().startsWith(wanted)));
}
