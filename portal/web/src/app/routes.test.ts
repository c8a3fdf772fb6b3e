import { expect, it } from 'vitest';

import { hrefOf, parseRoute, type Route } from './routes';

const UNIT = '0190a1b2-0000-7000-8000-000000000001';
const PERSON = '0190a1b2-0000-7000-8000-000000000002';

it('gives each route an address that leads back to it', () => {
  const routes: Route[] = [
    { name: 'home' },
    { name: 'directory', unit: null, person: null },
    { name: 'directory', unit: UNIT, person: null },
    { name: 'directory', unit: UNIT, person: PERSON },
    { name: 'directory', unit: null, person: PERSON },
    { name: 'history', filter: 'all' },
    { name: 'history', filter: 'missed' },
    { name: 'settings' },
  ];
  for (const route of routes) {
    const url = new URL(hrefOf(route), 'https://hub.test');
    expect(parseRoute(url.pathname, url.search)).toEqual(route);
  }
});

it('forgives slashes at the end and parameters that it does not know', () => {
  expect(parseRoute('/directory/', '?utm=1')).toEqual({ name: 'directory', unit: null, person: null });
  expect(parseRoute('/index.html')).toEqual({ name: 'home' });
});

it('calls everything else unknown, and takes no other text for an id', () => {
  expect(parseRoute('/nowhere')).toEqual({ name: 'unknown' });
  expect(parseRoute('/directory/a/b')).toEqual({ name: 'unknown' });
  expect(parseRoute('/directory/%3Cscript%3E', '?person=../x')).toEqual({
    name: 'directory',
    unit: null,
    person: null,
  });
});
