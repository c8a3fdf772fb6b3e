import { describe, expect, test } from 'vitest';

import { Recovery, type RecoveryInput, type RecoveryStep } from './recovery';

class Rig {
  now = 0;
  readonly recovery = new Recovery(0);

  put(input: RecoveryInput): RecoveryStep {
    return this.recovery.handle(this.now, input);
  }

  state(state: RTCPeerConnectionState): RecoveryStep {
    return this.put({ type: 'state', state });
  }

  /** Waits until the next step is due. */
  wait(): RecoveryStep {
    const deadline = this.recovery.deadline();
    expect(deadline).not.toBeNull();
    this.now = deadline!;
    return this.put({ type: 'tick' });
  }

  up(): this {
    this.state('connected');
    this.now += 60_000;
    return this;
  }
}

describe('Recovery', () => {
  test('a connection that comes up asks for nothing more', () => {
    const rig = new Rig();
    expect(rig.state('connecting')).toBeNull();
    expect(rig.recovery.state).toBe('connecting');
    expect(rig.state('connected')).toBeNull();
    expect(rig.recovery.deadline()).toBeNull();
  });

  test('a blip passes by itself', () => {
    const rig = new Rig().up();
    expect(rig.state('disconnected')).toBeNull();
    expect(rig.recovery.state).toBe('recovering');
    rig.now += 1_500;
    rig.state('connected');
    expect(rig.recovery.state).toBe('connected');
    expect(rig.recovery.deadline()).toBeNull();
  });

  test('restarts, then new connections, then asks the person', () => {
    const rig = new Rig().up();
    rig.state('disconnected');
    const steps: RecoveryStep[] = [];
    for (let n = 0; n < 7; n++) steps.push(rig.wait());
    expect(steps).toEqual(['restart', 'restart', 'recreate', 'recreate', 'recreate', 'recreate', 'give_up']);
    expect(rig.recovery.state).toBe('failed');
    expect(rig.recovery.deadline()).toBeNull();
  });

  test('a change of network restarts at once', () => {
    expect(new Rig().up().put({ type: 'network' })).toBe('restart');
  });

  test('the first connection is not disturbed by a change of network', () => {
    expect(new Rig().put({ type: 'network' })).toBeNull();
  });

  test('a failed first connection is made anew, not restarted', () => {
    expect(new Rig().state('failed')).toBe('recreate');
  });

  test('a peer that the server has lost is made anew', () => {
    expect(new Rig().up().put({ type: 'lost' })).toBe('recreate');
  });

  test('a connection that the server loses again and again is given growing pauses', () => {
    const rig = new Rig().up();
    expect(rig.put({ type: 'lost' })).toBe('recreate');
    const pauses: number[] = [];
    for (let n = 0; n < 3; n++) {
      expect(rig.put({ type: 'lost' })).toBeNull();
      pauses.push(rig.recovery.deadline()! - rig.now);
      expect(rig.wait()).toBe('recreate');
    }
    expect(pauses).toEqual([1_000, 3_000, 7_000]);
  });

  test('nothing is decided while the socket is down, and at once when it is back', () => {
    const rig = new Rig().up();
    rig.put({ type: 'socket', up: false });
    expect(rig.state('failed')).toBeNull();
    expect(rig.recovery.deadline()).toBeNull();
    rig.now += 5_000;
    expect(rig.put({ type: 'socket', up: true })).toBe('restart');
  });

  test('a healthy connection survives a broken socket', () => {
    const rig = new Rig().up();
    rig.put({ type: 'socket', up: false });
    rig.now += 20_000;
    expect(rig.put({ type: 'socket', up: true })).toBeNull();
    expect(rig.recovery.state).toBe('connected');
  });

  test('a step is given its time: news of the old path does not hurry the next', () => {
    const rig = new Rig().up();
    expect(rig.state('failed')).toBe('restart');
    const due = rig.recovery.deadline();
    rig.now += 100;
    expect(rig.state('disconnected')).toBeNull();
    expect(rig.recovery.deadline()).toBe(due);
  });

  test('an offer without an answer is repeated sooner than a connection that does not come up', () => {
    const rig = new Rig().up();
    expect(rig.put({ type: 'network' })).toBe('restart');
    rig.put({ type: 'offer_failed' });
    expect(rig.recovery.deadline()! - rig.now).toBe(2_000);
  });

  test('a connection that flaps is made anew in the end', () => {
    const rig = new Rig().up();
    const steps: RecoveryStep[] = [];
    for (let n = 0; n < 3; n++) {
      steps.push(rig.state('failed'));
      rig.now += 1_000;
      rig.state('connected');
    }
    expect(steps).toEqual(['restart', 'restart', 'recreate']);
    rig.now += 20_000;
    expect(rig.state('failed')).toBe('restart');
  });

  test.each<RecoveryInput>([{ type: 'retry' }, { type: 'network' }])(
    'after giving up, $type tries again',
    (input) => {
      const rig = new Rig();
      while (rig.recovery.state !== 'failed') rig.wait();
      expect(rig.put(input)).toBe('recreate');
      expect(rig.recovery.state).toBe('connecting');
    },
  );

  test('asking to try again does not disturb a connection that works', () => {
    expect(new Rig().up().put({ type: 'retry' })).toBeNull();
  });
});
