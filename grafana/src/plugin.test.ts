import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

interface Plugin {
  id: string;
  executable: string;
  info: { logos: Record<string, string>; screenshots: { name: string; path: string }[]; links: { url: string }[] };
  includes: { name: string; path: string }[];
}

const plugin = JSON.parse(readFileSync(join(__dirname, 'plugin.json'), 'utf8')) as Plugin;

test('the files that plugin.json names are there', () => {
  const images = [...Object.values(plugin.info.logos), ...plugin.info.screenshots.map((s) => s.path)].map((p) => join('src', p));
  expect(images.length).toBeGreaterThan(4);
  expect([...images, ...plugin.includes.map((i) => i.path)].filter((p) => !existsSync(join(root, p)))).toEqual([]);
});

test('dashboards have the names that they have', () => {
  for (const { name, path } of plugin.includes) {
    expect((JSON.parse(readFileSync(join(root, path), 'utf8')) as { title: string }).title).toBe(name);
  }
});

test('the backend is built under the names that Grafana starts', () => {
  const make = readFileSync(join(root, '../Makefile'), 'utf8');
  expect(make).toContain(`grafana/dist/${plugin.executable}_$$platform`);
  expect(readFileSync(join(root, 'pkg/main.go'), 'utf8')).toContain(plugin.id);
});

// What Grafana's validator of plugins asks of what is submitted, as far as it can be seen in the files.
describe('the published rules for plugins', () => {
  const built = join(root, 'dist');
  const text = (name: string) => readFileSync(join(built, name), 'utf8');

  test('what is built has all files that must be in it', () => {
    for (const name of ['module.js', 'module.js.map', 'plugin.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'img/logo.svg']) {
      expect(existsSync(join(built, name)) ? '' : name).toBe('');
    }
    expect(text('LICENSE')).toContain('Apache License');
  });

  test('links of the README lead out of the archive', () => {
    const links = [...text('README.md').matchAll(/\[.+?\]\((.+?)\)/g)].map((m) => m[1] ?? '');
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((l) => !/^(https:|http:\/\/127\.0\.0\.1|#)/.test(l))).toEqual([]);
    expect(links).toContain('https://github.com/logcenter/logcenter/blob/main/README.md');
  });

  test('the README is for users', () => {
    expect(text('README.md')).not.toMatch(/yarn|nodejs/);
  });

  test('plugin.json is whole', () => {
    const p = JSON.parse(text('plugin.json')) as Plugin & { type: string; backend: boolean; info: { version: string; updated: string; description: string; keywords: string[]; author: { url: string } }; dependencies: { grafanaDependency: string } };
    expect(p.id).toMatch(/^[a-z0-9]+-[a-z0-9]+-datasource$/);
    expect(p.type).toBe('datasource');
    expect(p.info.version).toBe((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version);
    expect(p.info.updated).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(p.info.description.length).toBeGreaterThan(20);
    expect(p.info.keywords.length).toBeGreaterThan(2);
    expect(p.dependencies.grafanaDependency).toMatch(/^>=\d+\.\d+\.\d+$/);
    expect([p.info.author.url, ...p.info.links.map((l) => l.url)].filter((u) => !u.startsWith('https://'))).toEqual([]);
    expect(p.executable).toMatch(/^gpx_/);
    expect(p.backend).toBe(true);
  });

  test('no word goes to the console, nothing is evaluated, and the logo has no script', () => {
    expect(text('module.js')).not.toMatch(/console\.(log|debug|info)\(|\beval\(|new Function\(/);
    expect(text('img/logo.svg')).not.toMatch(/<script|<style|<foreignObject|\son\w+=|href=/i);
  });

  test('screenshots are pictures of one size, none of them huge', () => {
    for (const { path } of plugin.info.screenshots) {
      const png = readFileSync(join(built, path));
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1280, 720]);
      expect(png.length).toBeLessThan(500_000);
    }
  });
});
