// Makes the page of the browser's tests: node bundle.mjs OUTFILE. Grafana's packages are in it.
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

await build({
  absWorkingDir: join(here, '../..'),
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  entryPoints: [join(here, 'page.tsx')],
  // The editor of code, 80 MB, which no editor of the plugin uses.
  external: ['monaco-editor', 'monaco-editor/*'],
  format: 'iife',
  jsx: 'transform',
  legalComments: 'none',
  loader: { '.svg': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl', '.png': 'dataurl', '.css': 'empty' },
  logLevel: 'error',
  minify: true,
  outfile: process.argv[2],
  target: 'es2022',
});
