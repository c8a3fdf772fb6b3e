import { expect, it } from 'vitest';

import { planFor } from './policy';

const ORIGIN = 'https://hub.test';
const plan = (path: string, mode = 'no-cors', method = 'GET') =>
  planFor({ method, mode, url: new URL(path, ORIGIN).href }, ORIGIN);

it('never touches the interfaces of the server', () => {
  for (const path of ['/api/me', '/api/search?q=x', '/ws?ticket=1', '/healthz', '/metrics']) {
    expect(plan(path), path).toBe('ignore');
    expect(plan(path, 'navigate'), path).toBe('ignore');
  }
});

it('never touches what changes something, or another site', () => {
  expect(plan('/directory', 'navigate', 'POST')).toBe('ignore');
  expect(plan('https://elsewhere.test/x.js')).toBe('ignore');
});

it('serves each page of the app, and the files that it is made of', () => {
  expect(plan('/', 'navigate')).toBe('page');
  expect(plan('/directory/abc?person=1', 'navigate')).toBe('page');
  expect(plan('/assets/index-abc.js')).toBe('kept');
  expect(plan('/manifest.webmanifest')).toBe('kept');
});
