import { expect, it } from 'vitest';

import { missingFeatures } from './support';

const able = {
  isSecureContext: true,
  RTCPeerConnection: () => {},
  WebSocket: () => {},
  HTMLDialogElement: { prototype: { showModal: () => {} } },
};

it('finds nothing missing in a browser that has all', () => {
  expect(missingFeatures(able)).toEqual([]);
});

it('names what is missing', () => {
  expect(missingFeatures({ ...able, isSecureContext: false })).toEqual(['app.unsupported.secure']);
  expect(missingFeatures({})).toEqual([
    'app.unsupported.webrtc',
    'app.unsupported.socket',
    'app.unsupported.dialog',
  ]);
});
