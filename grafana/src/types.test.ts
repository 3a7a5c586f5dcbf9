import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CALCS, CHARTS, KINDS } from './types';

const go = readFileSync(join(__dirname, '../pkg/model/model.go'), 'utf8');
const ts = readFileSync(join(__dirname, 'types.ts'), 'utf8');

/** The names in JSON of a struct in Go. */
function ofGo(struct: string): string[] {
  const body = new RegExp(`type ${struct} struct \\{([\\s\\S]*?)\\n\\}`).exec(go)?.[1] ?? '';
  return [...body.matchAll(/`json:"([^",]+)/g)].map((m) => m[1] ?? '').sort();
}

/** The properties of an interface in TypeScript. */
function ofTypeScript(name: string): string[] {
  const body = new RegExp(`interface ${name} (?:extends \\w+ )?\\{([\\s\\S]*?)\\n\\}`).exec(ts)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map((m) => m[1] ?? '').sort();
}

test.each([['Query'], ['Filter'], ['Around'], ['Chart'], ['Level'], ['Range'], ['Compare'], ['AlertFilter']])('%s is the same in Go', (name) => {
  expect(ofGo(name)).not.toHaveLength(0);
  expect(ofTypeScript(name)).toEqual(ofGo(name));
});

test('settings are the same in Go, but for those that Grafana’s SDK reads', () => {
  const sdk = ['serverName', 'tlsAuth', 'tlsAuthWithCACert', 'tlsSkipVerify'];
  expect(ofTypeScript('Settings').filter((n) => !sdk.includes(n))).toEqual(ofGo('Settings'));
});

test('kinds, charts and calculations are the same in Go', () => {
  const constants = (type: string) => [...go.matchAll(new RegExp(`\\w+\\s+${type}\\s+= "(\\w+)"`, 'g'))].map((m) => m[1]);
  expect([...KINDS]).toEqual(constants('Kind'));
  expect([...CHARTS]).toEqual(constants('ChartKind'));
  const validate = readFileSync(join(__dirname, '../pkg/model/validate.go'), 'utf8');
  expect(/Calcs = \[\]string\{([^}]*)\}/.exec(validate)?.[1]?.match(/\w+/g)).toEqual([...CALCS]);
});
