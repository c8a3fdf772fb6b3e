import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { navigate, route, startRouter } from './router.svelte';

let stop: () => void;
beforeAll(() => (stop = startRouter()));
afterAll(() => stop());

beforeEach(() => {
  document.body.innerHTML = '';
  navigate({ name: 'home' });
});

/** Presses a link; tells whether the app took it into its own hands. */
function press(href: string, init: MouseEventInit = {}, attributes: Record<string, string> = {}): boolean {
  const link = document.createElement('a');
  link.href = href;
  for (const [name, value] of Object.entries(attributes)) link.setAttribute(name, value);
  link.append(document.createElement('span'));
  document.body.append(link);
  // Hears the press after the router, and keeps jsdom from following the link.
  let taken = false;
  window.addEventListener(
    'click',
    (event) => {
      taken = event.defaultPrevented;
      event.preventDefault();
    },
    { once: true },
  );
  link.firstElementChild?.dispatchEvent(
    new MouseEvent('click', { bubbles: true, cancelable: true, button: 0, ...init }),
  );
  return taken;
}

it('follows links of the app without loading the page', () => {
  expect(press('/history?filter=missed')).toBe(true);
  expect(route()).toEqual({ name: 'history', filter: 'missed' });
  expect(location.pathname + location.search).toBe('/history?filter=missed');
});

it('leaves to the browser what is not for the app', () => {
  expect(press('https://elsewhere.test/history')).toBe(false);
  expect(press('/history', { ctrlKey: true })).toBe(false);
  expect(press('/history', { button: 1 })).toBe(false);
  expect(press('/history', {}, { target: '_blank' })).toBe(false);
  expect(press('/manual.pdf')).toBe(false);
  expect(press('#main')).toBe(false);
  expect(route()).toEqual({ name: 'home' });
});

it('goes back, and not to a step that was replaced', async () => {
  navigate({ name: 'settings' });
  navigate({ name: 'history', filter: 'all' });
  navigate({ name: 'history', filter: 'missed' }, { replace: true });
  const back = new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }));
  history.back();
  await back;
  expect(route()).toEqual({ name: 'settings' });
});

it('makes no second step for the page where one is', () => {
  const before = history.length;
  navigate({ name: 'home' });
  expect(history.length).toBe(before);
});
