import { vi } from 'vitest';

import { fakeDevices } from './fake-hub';
import { FakePeer, FakeStream, FakeTrack } from './fake-media';

/** Enough of WebAudio to count what is played. */
export class FakeContext {
  static running = true;
  state = FakeContext.running ? 'running' : 'suspended';
  currentTime = 0;
  destination = {};
  resume = async () => {};
  createGain = () => ({ connect() {}, disconnect() {}, gain: param() });
  createOscillator = () => ({ connect() {}, start() {}, stop() {}, frequency: { value: 0 } });
}
const param = () => ({
  setValueAtTime() {},
  linearRampToValueAtTime() {},
  exponentialRampToValueAtTime() {},
  setTargetAtTime() {},
});

/** Gives the page what calls need of a browser. Tracks that are opened are put into `tracks`. */
export function fakePage(tracks: FakeTrack[] = []): void {
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('AudioContext', FakeContext);
  vi.stubGlobal('RTCPeerConnection', FakePeer);
  vi.stubGlobal('isSecureContext', true);
  fakeDevices((kind) => {
    const track = new FakeTrack(kind);
    tracks.push(track);
    return track;
  });
}
