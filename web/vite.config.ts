import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compiledMessages, documentConstants, moduleLists } from '../scripts/page-plugins.mjs';
import { pseudoMessages } from '../scripts/pseudo-messages.mjs';

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Pages, each served by src/http/pages at the folder of its HTML file. */
const PAGES = ['exam', 'admin/exam', 'console'];

const { inPages, inWorker } = moduleLists();

export default defineConfig({
  root: fromHere('.'),
  appType: 'mpa',
  // Relative, so that the pages also work behind a proxy that adds a prefix: the page at …/exam/{id} loads ../assets/….
  base: './',
  publicDir: false,
  plugins: [react(), documentConstants(), pseudoMessages(), compiledMessages(), inPages()],
  css: { modules: { generateScopedName: '[local]-[hash:base64:4]' } },
  worker: { format: 'es', plugins: () => [documentConstants(), inWorker()] },
  build: {
    outDir: fromHere('../dist/web'),
    emptyOutDir: true,
    target: ['chrome111', 'edge111', 'firefox114', 'safari16.4'],
    // The policy of the pages permits no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: { input: Object.fromEntries(PAGES.map((name) => [name, fromHere(`${name}/index.html`)])) },
  },
});
