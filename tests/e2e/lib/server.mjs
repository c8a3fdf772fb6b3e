// The real server binary on ports and in a folder of its own, filled with the demo city.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** Password of the demo city's log-ins. */
export const PASSWORD = 'lantern-harbor-47';

function binary() {
  const candidates = [process.env.SWITCHBOARD, join(ROOT, 'target/release/switchboard'), join(ROOT, 'target/debug/switchboard')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('the server is not built: run make build, or name it in SWITCHBOARD');
  return found;
}

/** A TCP port that is free now. UDP ports of media are taken from the same number on. */
export async function freePort() {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export class Server {
  /**
   * Starts a server; `folder` keeps its data, so a second server on the same folder is the first one restarted. `more` is
   * appended to its configuration.
   */
  static async start(folder, ports, more = '') {
    const server = new Server();
    server.folder = folder;
    server.ports = ports ?? { http: await freePort(), https: await freePort(), media: 40_000 + ((await freePort()) % 20_000) };
    const { http, https, media } = server.ports;
    const config = join(folder, 'switchboard.toml');
    writeFileSync(
      config,
      `[server]\ndata = ${JSON.stringify(join(folder, 'data'))}\nhttp = ["127.0.0.1:${http}"]\nhttps = ["[::]:${https}"]\n` +
        `origins = ["https://hub.test:${https}"]\nstop_seconds = 3\n` +
        `[tls]\nnames = ["hub.test"]\n[media]\nport = ${media}\n[metrics]\nlisten = ""\n${more}`,
    );
    await promisify(execFile)(binary(), ['--config', config, 'seed', '--if-empty']);
    server.process = spawn(binary(), ['--config', config, 'serve'], { stdio: ['ignore', 'pipe', 'pipe'] });
    server.log = [];
    createInterface({ input: server.process.stderr }).on('line', (line) => {
      server.log.push(line);
      if (server.log.length > 2_000) server.log.shift();
    });
    createInterface({ input: server.process.stdout }).on('line', (line) => server.log.push(line));
    server.exited = once(server.process, 'exit');
    await server.#answering();
    return server;
  }

  get url() {
    return `http://localhost:${this.ports.http}`;
  }

  /** The address for a browser in a Namespace. */
  get tlsUrl() {
    return `https://hub.test:${this.ports.https}`;
  }

  async #answering() {
    for (let tries = 0; tries < 300; tries++) {
      if (this.process.exitCode !== null) throw new Error(`the server ended:\n${this.log.join('\n')}`);
      const answer = await fetch(`http://127.0.0.1:${this.ports.http}/healthz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the server does not answer:\n${this.log.join('\n')}`);
  }

  /** Asks it to stop and waits until it has. */
  async stop() {
    if (this.process.exitCode === null) this.process.kill('SIGTERM');
    await this.exited;
  }

  /** Ends it without any warning, as a power cut does. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
