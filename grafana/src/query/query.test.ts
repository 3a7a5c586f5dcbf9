import { SupplementaryQueryType } from '@grafana/data';

import { fromAbstract, toAbstract } from './abstract';
import { isWhole, withOp } from './builder';
import { contextFields, contextQuery, defaultContext } from './context';
import { asChart, defaultQuery, describe as display, isComplete, migrate } from './query';
import { supplementary } from './supplementary';
import type { Query } from '../types';

const q = (part: Partial<Query>): Query => ({ refId: 'A', v: 1, ...part });

test.each<[Partial<Query>, Partial<Query>]>([
  [{}, { kind: 'logs' }],
  [{ query: 'a' }, { kind: 'logs', query: 'a' }],
  [{ chart: { kind: 'terms' } }, { kind: 'metrics', chart: { kind: 'terms' } }],
  [{ alerts: {} }, { kind: 'alerts', alerts: {} }],
  [{ eventId: 'x' }, { kind: 'explain', eventId: 'x' }],
  [{ eventId: '' }, { kind: 'logs', eventId: '' }],
  [{ kind: 'table', chart: { kind: 'geo' } }, { kind: 'table', chart: { kind: 'geo' } }],
])('version 0: %j', (old, want) => {
  expect(migrate({ refId: 'A', ...old })).toEqual({ refId: 'A', v: 1, ...want });
});

test('queries of today and of tomorrow stay as they are', () => {
  for (const v of [1, 2]) {
    const query = q({ v, chart: { kind: 'terms' } });
    expect(migrate(query)).toBe(query);
  }
});

test('Explore begins with code, panels with the builder', () => {
  expect(defaultQuery(true)).toMatchObject({ kind: 'logs', editor: 'code' });
  expect(defaultQuery(false)).toMatchObject({ kind: 'metrics', editor: 'builder' });
});

test.each<[Partial<Query>, boolean]>([
  [{}, true],
  [{ hide: true }, false],
  [{ kind: 'explain' }, false],
  [{ kind: 'explain', eventId: ' ' }, false],
  [{ kind: 'explain', eventId: 'x' }, true],
  [{ kind: 'metrics' }, true],
  [{ kind: 'metrics', chart: { kind: 'event_count' } }, true],
  [{ kind: 'metrics', chart: { kind: 'terms' } }, false],
  [{ kind: 'metrics', chart: { kind: 'terms', field: 'a' } }, true],
  [{ kind: 'metrics', chart: { kind: 'numeric_ranges', field: 'a' } }, false],
  [{ kind: 'metrics', chart: { kind: 'numeric_ranges', field: 'a', ranges: [{ to: 1 }] } }, true],
  [{ kind: 'metrics', chart: { kind: 'drill_down', by: [{ field: '' }] } }, false],
  [{ kind: 'metrics', chart: { kind: 'drill_down', by: [{ field: 'a' }] } }, true],
  [{ kind: 'metrics', chart: { kind: 'geo' } }, true],
])('%j can be asked: %s', (part, want) => {
  expect(isComplete(q(part))).toBe(want);
});

test.each<[Partial<Query>, string]>([
  [{}, '*'],
  [{ query: ' a ', stream: 's' }, 'a in s'],
  [{ kind: 'metrics', query: 'a', chart: { kind: 'time_segments', field: 'f', calcs: ['max'], by: [{ field: 'g' }] } }, 'time segments max of f by g: a'],
  [{ kind: 'alerts' }, 'alerts: *'],
  [{ kind: 'alerts', alerts: { severities: ['Fatal'], text: 'x' } }, 'alerts: Fatal, x'],
  [{ kind: 'table', fields: ['a', 'b'] }, 'table of a, b: *'],
  [{ kind: 'explain', eventId: 'e' }, 'explain: e'],
  [{ kind: 'dead_letters' }, 'dead letters'],
])('%j is called %s', (part, want) => {
  expect(display(q(part))).toBe(want);
});

test('another chart keeps what both have', () => {
  expect(asChart('drill_down', { kind: 'terms', field: 'a', size: 5 })).toEqual({ kind: 'drill_down', field: 'a', size: 5, by: [{ field: 'a' }] });
  expect(asChart('numeric_ranges', { kind: 'field_stats', field: 'a' }).ranges).toHaveLength(2);
  expect(asChart('terms', { kind: 'event_count', by: [{ field: 'b' }] })).toEqual({ kind: 'terms', by: [{ field: 'b' }] });
});

test('bars over logs and tables, lines under charts, nothing else', () => {
  const volume = { type: SupplementaryQueryType.LogsVolume } as const;
  const sample = { type: SupplementaryQueryType.LogsSample } as const;
  const filters = [{ key: 'a', operator: '=', value: 'b' }];
  expect(supplementary(volume, q({ query: 'a', stream: 's', filters, limit: 5 }))).toEqual({ v: 1, refId: 'log-volume-A', kind: 'volume', query: 'a', stream: 's', filters });
  expect(supplementary(volume, q({ kind: 'metrics' }))).toBeUndefined();
  expect(supplementary(volume, q({ hide: true }))).toBeUndefined();
  expect(supplementary(sample, q({ kind: 'metrics', query: 'a', chart: { kind: 'terms', field: 'f' } }))).toEqual({ v: 1, refId: 'log-sample-A', kind: 'logs', query: 'a', limit: 100 });
  expect(supplementary(sample, q({ kind: 'logs' }))).toBeUndefined();
});

describe('context', () => {
  const row = { uid: 'A_1', rowId: 'event-1', timeEpochMs: 1764500000123, timeEpochNs: '1764500000123456789', labels: { 'host.name': 'fw "1"', 'event.dataset': 'x.y', other: 'z' } };

  test('is of the host, unless something else is chosen', () => {
    expect(contextFields(row)).toEqual([
      { field: 'host.name', value: 'fw "1"' },
      { field: 'event.dataset', value: 'x.y' },
    ]);
    expect(defaultContext(contextFields(row))).toEqual(['host.name']);
    expect(defaultContext([])).toEqual([]);
  });

  test('asks for the lines on one side, to the nanosecond', () => {
    expect(contextQuery(row, ['host.name'], true, 10, q({ stream: 's', query: 'narrow' }))).toEqual({
      v: 1, refId: 'log-context-before', kind: 'logs', editor: 'code', stream: 's', limit: 10,
      query: 'host.name:"fw \\"1\\""',
      around: { id: 'event-1', time: '2025-11-30T10:53:20.123456789Z', before: true },
    });
    const after = contextQuery(row, ['host.name', 'event.dataset'], false, 10);
    expect(after.query).toBe('host.name:"fw \\"1\\"" AND event.dataset:"x.y"');
    expect(after.around).toEqual({ id: 'event-1', time: '2025-11-30T10:53:20.123456789Z' });
  });
});

test('queries of other datasources of logs', () => {
  const made = fromAbstract({
    refId: 'A',
    labelMatchers: [
      { name: 'host', value: 'a b', operator: 'Equal' },
      { name: 'level', value: 'debug', operator: 'NotEqual' },
      { name: 'path', value: 'x/.*', operator: 'EqualRegEx' },
      { name: 'app', value: 'y', operator: 'NotEqualRegEx' },
    ] as never,
  });
  expect(made.query).toBe('host:"a b" AND NOT level:"debug" AND path:/^(x\\/.*)$/ AND NOT app:/^(y)$/');
  expect(toAbstract(q({ query: 'host:"a \\"b" AND -level:debug AND n:>5 AND w* AND x:y*' })).labelMatchers).toEqual([
    { name: 'host', value: 'a "b', operator: 'Equal' },
    { name: 'level', value: 'debug', operator: 'NotEqual' },
  ]);
  expect(toAbstract(q({ query: 'a:b OR c:d' })).labelMatchers).toEqual([]);
});

test('conditions of the builder', () => {
  expect(isWhole({ op: 'is', values: ['a'] })).toBe(true);
  expect(isWhole({ op: 'is', field: 'a', values: [''] })).toBe(false);
  expect(isWhole({ op: 'gt', values: ['1'] })).toBe(false);
  expect(isWhole({ op: 'between', field: 'a', values: ['1'] })).toBe(false);
  expect(isWhole({ op: 'exists', field: 'a' })).toBe(true);
  expect(isWhole({ op: 'in_list', values: ['scanners'] })).toBe(false);
  expect(isWhole({ op: 'in_list', field: 'a', values: ['scanners'] })).toBe(true);
  expect(isWhole({ op: 'any_of', field: 'a', values: [] })).toBe(false);
  expect(isWhole({ verbatim: '(a OR b)' })).toBe(true);
  expect(withOp({ field: 'a', op: 'any_of', values: ['1', '2', '3'], quoted: false }, 'between', true)).toEqual({ field: 'a', op: 'between', negated: true, values: ['1', '2'] });
});
