/** Builds the console into dist/console (scripts/prepare.mjs): every file but the page with a hash in its name, and a compressed copy beside each larger one. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const compressed: Plugin = {
  name: 'compressed-copies',
  writeBundle({ dir }) {
    const assets = path.join(dir ?? '', 'assets');
    for (const name of readdirSync(assets)) {
      const content = readFileSync(path.join(assets, name));
      if (/\.(js|css|svg)$/.test(name) && content.length > 1_024) writeFileSync(path.join(assets, `${name}.gz`), gzipSync(content));
    }
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react(), compressed],
  logLevel: 'warn',
  build: {
    outDir: path.join(import.meta.dirname, '../dist/console'),
    emptyOutDir: true,
    // Nothing is put into the page itself: its content security policy would not run it.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4_096,
  },
});
