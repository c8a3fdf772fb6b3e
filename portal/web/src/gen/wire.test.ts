import { expect, test } from 'vitest';

import type { ClientFrame } from './wire';

test('a frame carries its id beside type and data', () => {
  const frame: ClientFrame = { id: 1, type: 'ping', data: {} };
  expect(JSON.parse(JSON.stringify(frame))).toEqual({ id: 1, type: 'ping', data: {} });
});
