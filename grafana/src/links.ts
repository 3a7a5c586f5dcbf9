/** Links within Grafana that answers get: from an alert to its evidence, from a line to how it came about. */
import type { DataFrame, DataLink, Field } from '@grafana/data';

import { t } from './i18n';
import { VERSION, type Query } from './types';

/** The datasource that links lead to. */
interface Target {
  uid: string;
  name: string;
}

/** frames with the links of the kinds of queries they answer. */
export function link(frames: DataFrame[], queries: Query[], target: Target): DataFrame[] {
  return frames.map((frame) => {
    switch (queries.find((q) => q.refId === frame.refId)?.kind) {
      case 'alerts':
        return withLinks(frame, 'evidence', (field) => (field.config.links ?? []).map((l) => inRange(l, frame, target)));
      case undefined:
      case 'logs':
        return withLinks(frame, 'id', () => [explain(target)]);
      case 'table':
        return withLinks(frame, 'event.id', () => [explain(target)]);
      default:
        return frame;
    }
  });
}

function withLinks(frame: DataFrame, name: string, links: (field: Field) => DataLink<Query>[]): DataFrame {
  return { ...frame, fields: frame.fields.map((f) => (f.name === name ? { ...f, config: { ...f.config, links: links(f) } } : f)) };
}

/** From an event to how it came about. */
function explain({ uid, name }: Target): DataLink<Query> {
  return { title: t('link.explain'), url: '', internal: { datasourceUid: uid, datasourceName: name, query: { v: VERSION, refId: 'A', kind: 'explain', eventId: '${__value.raw}' } } };
}

/**
 * The backend's link to the events behind an alert, with the range of time in which they lie: the alert may have come later
 * than them, and Grafana's own links keep the range of the panel.
 */
function inRange(backends: DataLink<Query>, frame: DataFrame, { uid }: Target): DataLink<Query> {
  const query = backends.internal?.query;
  if (query === undefined || typeof query === 'function') {
    return backends;
  }
  return {
    title: t('link.evidence'),
    url: '',
    onBuildUrl: ({ replaceVariables = (s: string) => s }) => {
      const row = replaceVariables('${__value.raw}');
      const at = frame.fields.find((f) => f.name === 'evidence')?.values.indexOf(row) ?? -1;
      const column = (name: string): unknown => frame.fields.find((f) => f.name === name)?.values[at];
      return row === '' || at < 0 ? '' : explore(uid, { ...query, refId: 'A', query: row }, column('evidenceFrom'), column('evidenceTo'));
    },
  };
}

/** The address of Explore with a query. Dollars are encoded too: Grafana replaces variables in addresses. */
export function explore(uid: string, query: Query, from: unknown, to: unknown): string {
  const pane = { datasource: uid, queries: [{ ...query, datasource: { uid } }], range: { from: String(from), to: String(to) } };
  return `/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify({ a: pane })).replace(/\$/g, '%24')}`;
}
