import { CoreApp, SupplementaryQueryType, type DataQueryRequest, type DataSourceInstanceSettings } from '@grafana/data';
import type { TemplateSrv } from '@grafana/runtime';

import { LogcenterDatasource } from './datasource';
import { channel } from './live';
import type { Query, Settings } from './types';

const instance = { uid: 'u', name: 'Logcenter', type: 'logcenter-logcenter-datasource', jsonData: { stream: 's' }, meta: {} } as unknown as DataSourceInstanceSettings<Settings>;
const templates = { replace: (s = '') => s.replace('$host', 'fw') } as TemplateSrv;
const ds = new LogcenterDatasource(instance, templates);
const q = (part: Partial<Query>): Query => ({ refId: 'A', v: 1, kind: 'logs', ...part });

test('filters of a dashboard stand beside the query, never in it', () => {
  const filters = [
    { key: 'a', operator: '=', value: 'x" OR *' },
    { key: 'b', operator: '=|', value: '1', values: ['1', '2'], origin: 'dashboard' },
  ];
  expect(ds.applyTemplateVariables(q({ query: 'z', filters: [{ key: 'c', operator: '!=', value: 'y' }] }), {}, filters)).toEqual(
    q({
      query: 'z',
      filters: [
        { key: 'c', operator: '!=', value: 'y' },
        { key: 'a', operator: '=', value: 'x" OR *' },
        { key: 'b', operator: '=|', value: '1', values: ['1', '2'] },
      ],
    }),
  );
  expect(ds.applyTemplateVariables(q({ query: 'z' }), {}, [])).toEqual(q({ query: 'z' }));
});

test('old queries are brought up to date before they are asked', () => {
  expect(ds.applyTemplateVariables({ refId: 'A', chart: { kind: 'geo' } }, {})).toMatchObject({ v: 1, kind: 'metrics' });
  expect(ds.getQueryDisplayText({ refId: 'A', chart: { kind: 'geo' } })).toBe('geo: *');
  expect(ds.filterQuery({ refId: 'A', chart: { kind: 'terms' } })).toBe(false);
});

test('clicks on values', () => {
  const options = { key: 'host.name', value: 'fw-01' };
  const forIt = ds.toggleQueryFilter(q({ query: 'a' }), { type: 'FILTER_FOR', options });
  expect(forIt.query).toBe('a AND host.name:"fw-01"');
  expect(ds.queryHasFilter(forIt, options)).toBe(true);
  expect(ds.toggleQueryFilter(forIt, { type: 'FILTER_OUT', options }).query).toBe('a AND NOT host.name:"fw-01"');
  expect(ds.toggleQueryFilter(forIt, { type: 'FILTER_FOR', options }).query).toBe('a');
});

test.each([
  ['ADD_FILTER', { key: 'k', value: 'v' }, 'a AND k:"v"'],
  ['ADD_FILTER_OUT', { key: 'k', value: 'v' }, 'a AND NOT k:"v"'],
  ['ADD_STRING_FILTER', { value: 'some words' }, 'a AND "some words"'],
  ['ADD_STRING_FILTER_OUT', { value: 'some words' }, 'a AND NOT "some words"'],
  ['ADD_FILTER', {}, 'a'],
  ['SOMETHING_ELSE', { key: 'k', value: 'v' }, 'a'],
])('%s with %j', (type, options, want) => {
  expect(ds.modifyQuery(q({ query: 'a' }), { type, options: options as Record<string, string> }).query).toBe(want);
});

test('supplementary requests have the queries that make sense', () => {
  const request = { targets: [q({ query: 'a' }), q({ refId: 'B', kind: 'metrics' }), q({ refId: 'C', hide: true })], liveStreaming: true } as DataQueryRequest<Query>;
  expect(ds.getSupplementaryRequest(SupplementaryQueryType.LogsVolume, request)?.targets.map((t) => t.refId)).toEqual(['log-volume-A']);
  expect(ds.getSupplementaryRequest(SupplementaryQueryType.LogsSample, request)?.targets.map((t) => t.refId)).toEqual(['log-sample-B']);
  expect(ds.getSupplementaryRequest(SupplementaryQueryType.LogsSample, { ...request, targets: [q({})] })).toBeUndefined();
});

test('Explore and panels begin differently', () => {
  expect(ds.getDefaultQuery(CoreApp.Explore).kind).toBe('logs');
  expect(ds.getDefaultQuery(CoreApp.PanelEditor).kind).toBe('metrics');
});

test('the same tail has the same channel', () => {
  const a = channel(q({ query: 'a', limit: 5 }));
  expect(a).toMatch(/^[0-9a-f]{16}$/);
  expect(channel(q({ refId: 'B', query: 'a', limit: 9 }))).toBe(a);
  for (const other of [{ query: 'b' }, { query: 'a', stream: 's' }, { query: 'a', filters: [{ key: 'k', operator: '=', value: 'v' }] }, { query: 'a', fields: ['x'] }]) {
    expect(channel(q(other))).not.toBe(a);
  }
});
