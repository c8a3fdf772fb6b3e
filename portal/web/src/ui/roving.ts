/** Where the focus goes in a row or column of controls of which one is in the tab order (roving tabindex). */
export type Orientation = 'horizontal' | 'vertical';

/** The index after a key press, or `undefined` when the key does not move. Ends wrap around. */
export function nextIndex(key: string, index: number, count: number, axis: Orientation): number | undefined {
  if (count === 0) return undefined;
  const [back, forward] = axis === 'horizontal' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
  switch (key) {
    case back:
      return (index - 1 + count) % count;
    case forward:
      return (index + 1) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
