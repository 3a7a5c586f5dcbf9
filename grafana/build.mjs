// Builds src/ into dist/: module.js, and beside it what Grafana reads of a plugin.
//
// Grafana loads module.js as an AMD module and hands it its own React, @grafana/ui and so on; a second React would not
// work. esbuild knows no AMD, so its CommonJS is put into a define() that names these modules. The backend's programs in
// dist/ are left alone.
import { build, context } from 'esbuild';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');

/** What every Grafana since 11 gives to plugins, as far as this one needs it. */
export const shared = ['@emotion/css', '@grafana/data', '@grafana/runtime', '@grafana/ui', 'react', 'react-dom', 'rxjs'];

/** The text before and behind the CommonJS of a bundle that makes it an AMD module. */
export function amd(imports) {
  return {
    before: `define(${JSON.stringify(['exports', 'module', ...imports])}, function (exports, module) {
var given = arguments;
function require(name) { return given[${JSON.stringify(imports)}.indexOf(name) + 2]; }
`,
    behind: '\nreturn module.exports;\n});\n',
  };
}

const options = {
  absWorkingDir: root,
  bundle: true,
  entryPoints: ['src/module.ts'],
  external: [...shared, '@grafana/schema'],
  format: 'cjs',
  // Not the automatic one: react/jsx-runtime is not shared by every Grafana, and belongs to one version of React.
  jsx: 'transform',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  minify: !process.argv.includes('--watch'),
  outfile: 'dist/module.js',
  sourcemap: true,
  sourcesContent: true,
  target: 'es2020',
  write: false,
  plugins: [{ name: 'amd', setup: (b) => b.onEnd(write) }],
};

function write(result) {
  if (result.errors.length > 0) {
    return;
  }
  const imports = Object.values(result.metafile.outputs).flatMap((o) => o.imports.filter((i) => i.external).map((i) => i.path));
  const names = [...new Set(imports)].sort();
  const unknown = names.filter((n) => !shared.includes(n));
  if (unknown.length > 0) {
    throw new Error(`${unknown} is not shared by Grafana: import types only, or bundle it`);
  }
  const { before, behind } = amd(names);
  const text = (suffix) => result.outputFiles.find((f) => f.path.endsWith(suffix)).text;
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'module.js'), before + text('module.js') + behind);
  const map = JSON.parse(text('module.js.map'));
  map.mappings = ';'.repeat(before.split('\n').length - 1) + map.mappings;
  writeFileSync(join(dist, 'module.js.map'), JSON.stringify(map));
  copy();
}

/** Copies what is not code, with the version and the day written in. */
function copy() {
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  const plugin = readFileSync(join(root, 'src/plugin.json'), 'utf8')
    .replaceAll('%VERSION%', version)
    .replaceAll('%TODAY%', new Date().toISOString().slice(0, 10));
  writeFileSync(join(dist, 'plugin.json'), plugin);
  rmSync(join(dist, 'img'), { recursive: true, force: true });
  cpSync(join(root, 'src/img'), join(dist, 'img'), { recursive: true });
  writeFileSync(join(dist, 'README.md'), absolute(readFileSync(join(root, 'README.md'), 'utf8')));
  for (const [from, to] of [['../CHANGELOG.md', 'CHANGELOG.md'], ['../LICENSE', 'LICENSE'], ['dashboards/en', 'dashboards/en'], ['dashboards/zh', 'dashboards/zh']]) {
    cpSync(join(root, from), join(dist, to), { recursive: true });
  }
}

const home = 'https://github.com/logcenter/logcenter/blob/main/grafana/';

/** Markdown whose links lead somewhere outside of this tree, too, as in the catalogue of plugins. */
export function absolute(markdown) {
  return markdown.replace(/\]\((?!https?:|#|mailto:)([^)\s]+)\)/g, (_, path) => `](${new URL(path, home)})`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--watch')) {
    await (await context(options)).watch();
  } else {
    await build(options);
  }
}
