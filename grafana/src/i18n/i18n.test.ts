import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { en, type Key } from './en';
import { languageOf, translate } from './translate';
import { zh } from './zh';

const keys = Object.keys(en) as Key[];

test('Chinese has the keys of English, and the same parameters in each', () => {
  expect(Object.keys(zh)).toEqual(keys);
  const params = (s: string) => (s.match(/\{+\w+\}+/g) ?? []).sort();
  for (const key of keys) {
    expect([key, params(zh[key])]).toEqual([key, params(en[key])]);
  }
});

test('Chinese is Chinese', () => {
  const same = keys.filter((k) => zh[k] === en[k]);
  expect(same).toEqual(['op.gt', 'op.gte', 'op.lt', 'op.lte', 'chart.geo.field.placeholder', 'config.tls']);
});

test('no text is left over', () => {
  const sources = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? sources(join(dir, f.name)) : /(?<!test)\.tsx?$/.test(f.name) ? [readFileSync(join(dir, f.name), 'utf8')] : []));
  const all = sources(join(__dirname, '..')).join('\n');
  const made = /^(kind|chart|op|alerts\.state|alerts\.kind|variable\.kind|rates\.by)\./; // from a value
  expect(keys.filter((k) => !made.test(k) && all.split(`'${k}'`).length + all.split(`"${k}"`).length < 4)).toEqual([]);
});

test.each([
  ['zh-Hans', 'en', 'zh'],
  ['en-US', 'zh-CN', 'en'],
  ['de-DE', 'zh', 'en'],
  [undefined, 'zh-CN', 'zh'],
  ['', 'en', 'en'],
  ['default', 'zh', 'zh'],
])('preference %s and browser %s: %s', (tag, browser, want) => {
  expect(languageOf(tag, browser)).toBe(want);
});

test('parameters', () => {
  expect(translate('en', 'builder.remove', { n: 3 })).toBe('Remove condition 3');
  expect(translate('zh', 'options.legend.about')).toContain('{{field}}');
});
