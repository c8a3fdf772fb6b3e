// A network of its own for one browser: a namespace joined to the host by a pair of virtual interfaces. Cutting it cuts the
// socket and the media of that browser alone, as pulling a cable does.
import { execFileSync } from 'node:child_process';
import { writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';

const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

export class Namespace {
  /** `index` keeps several namespaces of one run apart. */
  constructor(folder, index = 1) {
    const tag = `${process.pid % 10_000}x${index}`;
    this.name = `sb${tag}`;
    this.outside = `sbo${tag}`;
    this.inside = `sbi${tag}`;
    this.hostAddress = `10.77.${index}.1`;
    this.address = `10.77.${index}.2`;
    run('ip', 'netns', 'add', this.name);
    run('ip', 'link', 'add', this.outside, 'type', 'veth', 'peer', 'name', this.inside);
    run('ip', 'link', 'set', this.inside, 'netns', this.name);
    run('ip', 'addr', 'add', `${this.hostAddress}/30`, 'dev', this.outside);
    run('ip', 'link', 'set', this.outside, 'up');
    run('ip', '-n', this.name, 'addr', 'add', `${this.address}/30`, 'dev', this.inside);
    run('ip', '-n', this.name, 'link', 'set', 'lo', 'up');
    this.restore();
    this.wrapper = join(folder, `chromium-in-${this.name}`);
    writeFileSync(this.wrapper, `#!/bin/sh\nexec ip netns exec ${this.name} /usr/bin/chromium "$@"\n`);
    chmodSync(this.wrapper, 0o755);
  }

  /** Nothing goes in or out. */
  cut() {
    run('ip', '-n', this.name, 'link', 'set', this.inside, 'down');
  }

  /** Joins the namespace again. */
  restore() {
    run('ip', '-n', this.name, 'link', 'set', this.inside, 'up');
    run('ip', '-n', this.name, 'route', 'replace', 'default', 'via', this.hostAddress);
  }

  remove() {
    run('ip', 'netns', 'del', this.name);
  }
}
