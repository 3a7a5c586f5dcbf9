import { FieldType, toDataFrame, type DataFrame, type DataLink } from '@grafana/data';

import { link } from './links';
import type { Query } from './types';

const target = { uid: 'u', name: 'Logcenter' };
const links = (frame: DataFrame | undefined, name: string) => (frame?.fields.find((f) => f.name === name)?.config.links ?? []) as DataLink<Query>[];

test('an alert leads to its events, in the range they lie in', () => {
  const evidence = 'event.id:("a" OR "$b")';
  const backends = { title: 'x', url: '', internal: { datasourceUid: 'u', datasourceName: 'n', query: { refId: '', v: 1, kind: 'logs', query: '${__data.fields.evidence}' } } };
  const frame = toDataFrame({
    refId: 'A',
    fields: [
      { name: 'evidence', type: FieldType.string, values: ['', evidence], config: { links: [backends] } },
      { name: 'evidenceFrom', type: FieldType.number, values: [0, 1000] },
      { name: 'evidenceTo', type: FieldType.number, values: [0, 2000] },
    ],
  });
  const [made] = link([frame], [{ refId: 'A', kind: 'alerts' }], target);
  const url = links(made, 'evidence')[0]?.onBuildUrl?.({ origin: {}, replaceVariables: (s) => (s === '${__value.raw}' ? evidence : s) }) ?? '';
  expect(url).not.toContain('$');
  const panes = JSON.parse(new URL(url, 'http://grafana').searchParams.get('panes') ?? '') as { a: unknown };
  expect(panes.a).toEqual({ datasource: 'u', range: { from: '1000', to: '2000' }, queries: [{ refId: 'A', v: 1, kind: 'logs', query: evidence, datasource: { uid: 'u' } }] });
  expect(links(made, 'evidence')[0]?.onBuildUrl?.({ origin: {}, replaceVariables: () => '' })).toBe('');
});

test.each([
  [undefined, 'id'],
  ['logs', 'id'],
  ['table', 'event.id'],
] as const)('a line of %s leads to how it came about', (kind, name) => {
  const frame = toDataFrame({ refId: 'A', fields: [{ name, values: ['x'] }] });
  const [made] = link([frame], [{ refId: 'A', kind }], target);
  expect(links(made, name)[0]?.internal?.query).toEqual({ refId: 'A', v: 1, kind: 'explain', eventId: '${__value.raw}' });
  expect(links(frame, name)).toEqual([]);
});

test('other answers have no links', () => {
  const frame = toDataFrame({ refId: 'A', fields: [{ name: 'id', values: ['x'] }] });
  expect(link([frame], [{ refId: 'A', kind: 'plugins' }], target)[0]).toBe(frame);
});
