import { Hidden, applyVariables } from './variables';
import { VARIABLE } from '../language/lexer';
import type { Query } from '../types';

const values: Record<string, string | string[]> = { host: ['a', 'b'], one: 'x y', field: 'source.ip' };

/** As Grafana's: references without a format of their own go through the function. */
const templates = {
  replace: (target = '', _scoped?: unknown, format?: string | ((value: unknown) => string)): string =>
    target.replace(new RegExp(VARIABLE.source, 'g'), (all, a?: string, b?: string, bFormat?: string, c?: string, _path?: string, cFormat?: string) => {
      const value = values[a ?? b ?? c ?? ''];
      if (value === undefined) {
        return all;
      }
      const own = bFormat ?? cFormat;
      return own === undefined && typeof format === 'function' ? format(value) : [value].flat().join(own === 'csv' ? ',' : own === 'pipe' ? '|' : '');
    }),
};

test('variables in all parts of a query', () => {
  const query: Query = {
    refId: 'A',
    kind: 'metrics',
    query: 'host:$host AND "$one"',
    stream: '$one',
    fields: ['$host', 'c'],
    chart: { kind: 'terms', field: '$field', by: [{ field: '${field}', size: 3 }], compare: [{ query: 'host:${host}', name: '$one' }], size: 5 },
    alerts: { rules: ['$host'], text: '$one' },
  };
  expect(applyVariables(query, templates)).toEqual({
    refId: 'A',
    kind: 'metrics',
    query: 'host:("a" OR "b") AND "x y"',
    stream: 'x y',
    fields: ['a', 'b', 'c'],
    chart: { kind: 'terms', field: 'source.ip', by: [{ field: 'source.ip', size: 3 }], compare: [{ query: 'host:("a" OR "b")', name: 'x y' }], size: 5 },
    alerts: { rules: ['a', 'b'], text: 'x y' },
  });
});

test.each([
  ['host:/${host:pipe}/', 'host:/a|b/'],
  ['x:(${host:csv})', 'x:(a,b)'],
  ['$unknown', '$unknown'],
])('a format of its own is Grafana’s: %s', (query, want) => {
  expect(applyVariables({ refId: 'A', query }, templates).query).toBe(want);
});

test('the query that was given is not changed', () => {
  const query: Query = { refId: 'A', query: '$one', chart: { kind: 'terms', field: '$field' } };
  const before = JSON.parse(JSON.stringify(query)) as Query;
  applyVariables(query, templates);
  expect(query).toEqual(before);
});

test('variables survive the way through the backend', () => {
  const hidden = new Hidden(VARIABLE);
  const text = 'a:${x:regex} AND "$y [[z]]"';
  expect(hidden.hide(text)).toBe('a:LCVAR_0_ AND "LCVAR_1_ LCVAR_2_"');
  expect(hidden.show(hidden.hide(text))).toBe(text);
  expect(hidden.show('LCVAR_99_')).toBe('LCVAR_99_');
});
