/** The queries that Explore asks beside the one that was typed: the bars over the lines, and lines under a chart. */
import { SupplementaryQueryType, type SupplementaryQueryOptions } from '@grafana/data';

import { isLogs } from './query';
import type { Query } from '../types';

/** The supplementary query of a kind, undefined where it would make no sense. */
export function supplementary(options: SupplementaryQueryOptions, query: Query): Query | undefined {
  if (query.hide) {
    return undefined;
  }
  const { v, refId, datasource, stream, filters, editor } = query;
  const same = { v, datasource, stream, filters, editor, query: query.query };
  switch (options.type) {
    case SupplementaryQueryType.LogsVolume:
      return isLogs(query) || query.kind === 'table' ? { ...same, refId: `log-volume-${refId}`, kind: 'volume' } : undefined;
    case SupplementaryQueryType.LogsSample:
      return query.kind === 'metrics' ? { ...same, refId: `log-sample-${refId}`, kind: 'logs', limit: options.limit ?? 100 } : undefined;
  }
}
