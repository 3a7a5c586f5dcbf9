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
