import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Plugin } from 'vite';

/** Name of the service worker in the build; without a digest, since browsers look for updates under the same name. */
export const WORKER_FILE = 'sw.js';

/** Entry of the service worker, for the build's inputs. */
export const WORKER_ENTRY = 'src/sw/sw.ts';

/** Tells the service worker which files it keeps: the page, all of its hashed files, and those of `public`. */
export function serviceWorker(publicDir: string): Plugin {
  return {
    name: 'switchboard-service-worker',
    apply: 'build',
    // After Vite has written the page into the bundle.
    enforce: 'post',
    generateBundle(_options, bundle) {
      const worker = bundle[WORKER_FILE];
      if (worker?.type !== 'chunk') throw new Error(`${WORKER_FILE} is not in the build`);
      const hash = createHash('sha256');
      const files: string[] = [];
      const keep = (path: string, content: string | Uint8Array) => {
        files.push(`/${path}`);
        hash.update(path).update(content);
      };
      for (const [path, output] of Object.entries(bundle).sort(([a], [b]) => a.localeCompare(b))) {
        if (path !== WORKER_FILE) keep(path, output.type === 'chunk' ? output.code : output.source);
      }
      for (const path of filesIn(publicDir)) keep(path, readFileSync(join(publicDir, path)));
      worker.code = worker.code
        .replace('__KEPT_FILES__', JSON.stringify(files))
        .replace('__KEPT_DIGEST__', JSON.stringify(hash.digest('hex').slice(0, 16)));
    },
  };
}

/** Paths of all files below a folder, with `/`, sorted. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}
