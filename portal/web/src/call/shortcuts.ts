/** What keys do during a call. */
export type ShortcutAction =
  | 'mic'
  | 'camera'
  | 'screen'
  | 'hold'
  | 'hand'
  | 'view'
  | 'add'
  | 'keypad'
  | 'transfer'
  | 'devices'
  | 'minimize'
  | 'help';

/** The keys, in the order in which the help lists them. Letters stand for words of the English interface. */
export const SHORTCUTS: readonly { key: string; action: ShortcutAction }[] = [
  { key: 'm', action: 'mic' },
  { key: 'v', action: 'camera' },
  { key: 's', action: 'screen' },
  { key: 'h', action: 'hold' },
  { key: 'r', action: 'hand' },
  { key: 'g', action: 'view' },
  { key: 'a', action: 'add' },
  { key: 'k', action: 'keypad' },
  { key: 't', action: 'transfer' },
  { key: 'd', action: 'devices' },
  { key: 'Escape', action: 'minimize' },
  { key: '?', action: 'help' },
];

/** What a key means where the focus is, or `null`. Keys with modifiers belong to the browser; in a field one types. */
export function shortcut(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat' | 'isComposing'>,
  focused: { tagName: string; isContentEditable?: boolean } | null,
): ShortcutAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return null;
  const typing = focused && (/^(INPUT|TEXTAREA|SELECT)$/.test(focused.tagName) || focused.isContentEditable);
  if (typing) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return SHORTCUTS.find((entry) => entry.key === key)?.action ?? null;
}

/** Answering and declining work from everywhere, so they need modifiers. */
export function ringShortcut(
  event: Pick<KeyboardEvent, 'code' | 'altKey' | 'shiftKey' | 'ctrlKey' | 'metaKey'>,
): 'answer' | 'decline' | null {
  if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return null;
  // By position: with Alt a letter key may produce another character.
  return event.code === 'KeyA' ? 'answer' : event.code === 'KeyD' ? 'decline' : null;
}
