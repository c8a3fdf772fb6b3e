import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it, vi } from 'vitest';

import { setLanguage } from '../i18n';
import SearchBox from './SearchBox.svelte';

afterEach(cleanup);

const field = () => screen.getByTestId<HTMLInputElement>('search');

function type(text: string, isComposing = false) {
  field().value = text;
  return fireEvent(field(), new InputEvent('input', { bubbles: true, isComposing }));
}

it('searches at each letter, but not at the pieces of a character in an input method', async () => {
  const oninput = vi.fn();
  render(SearchBox, { query: '', oninput });
  await type('a');
  expect(oninput).toHaveBeenCalledTimes(1);
  await type('ㄔㄣ', true);
  await type('陳', true);
  expect(oninput).toHaveBeenCalledTimes(1);
  await fireEvent.compositionEnd(field());
  expect(oninput).toHaveBeenCalledTimes(2);
});

it('is emptied by its button and by Escape, and keeps the cursor', async () => {
  setLanguage('zh');
  const oninput = vi.fn();
  render(SearchBox, { query: '陳', oninput });
  await fireEvent.click(screen.getByRole('button', { name: '清除' }));
  expect(field().value).toBe('');
  expect(document.activeElement).toBe(field());
  await type('林');
  await fireEvent.keyDown(field(), { key: 'Escape' });
  expect(field().value).toBe('');
  expect(screen.queryByTestId('search-clear')).toBeNull();
  expect(oninput).toHaveBeenCalledTimes(3);
});

it('leaves Escape to the input method while a character is being composed', async () => {
  render(SearchBox, { query: '陳', oninput: vi.fn() });
  await fireEvent.keyDown(field(), { key: 'Escape', isComposing: true });
  expect(field().value).toBe('陳');
});
