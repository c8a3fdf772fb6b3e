import { resolve } from 'node:path';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { serviceWorker, WORKER_ENTRY, WORKER_FILE } from './build/service-worker.ts';
import app from './package.json' with { type: 'json' };

/** Where a server of one's own listens while `npm run dev` serves the app. */
const BACKEND = process.env['SWITCHBOARD_URL'] ?? 'http://localhost:8080';

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), serviceWorker(resolve(import.meta.dirname, 'public'))],
  define: { __APP_VERSION__: JSON.stringify(app.version) },
  // Svelte's component tests in jsdom need the browser build, not the server one.
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2022',
    // The content security policy has no `data:` source for scripts and styles; files are cheap over one connection.
    assetsInlineLimit: 0,
    // Inline bootstrap code of the polyfill would need an exception in the policy; every supported browser has preload.
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      input: {
        index: resolve(import.meta.dirname, 'index.html'),
        sw: resolve(import.meta.dirname, WORKER_ENTRY),
      },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? WORKER_FILE : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: {
    port: 5173,
    proxy: { '/api': BACKEND, '/ws': { target: BACKEND, ws: true } },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    // The test of contrasts reads the colours from the style sheet.
    css: true,
  },
}));
