/** Lines as they happen. Grafana's Live service connects again by itself; what was missed meanwhile the backend searches for. */
import { LiveChannelScope, StreamingFrameAction, type DataQueryResponse } from '@grafana/data';
import { getGrafanaLiveSrv } from '@grafana/runtime';
import { merge, type Observable } from 'rxjs';

import type { Query } from './types';

/** The lines of all queries, the latest of each, as many as it asks for. */
export function tail(uid: string, queries: Query[], lines: number): Observable<DataQueryResponse> {
  return merge(
    ...queries.map((query) =>
      getGrafanaLiveSrv().getDataStream({
        addr: { scope: LiveChannelScope.DataSource, stream: uid, path: `tail/${channel(query)}`, data: query },
        buffer: { action: StreamingFrameAction.Append, maxLength: query.limit ?? lines },
        key: query.refId,
      }),
    ),
  );
}

/** A name for the query: Grafana shares a channel among those that ask for the same. Two 32-bit FNV-1a hashes. */
export function channel(query: Query): string {
  const { query: text, stream, filters, fields } = query;
  const s = JSON.stringify([text, stream, filters, fields]);
  return [0x811c9dc5, 0x01000193].map((seed) => {
      let h = seed;
      for (let i = 0; i < s.length; i++) {
        h = Math.imul(h ^ s.charCodeAt(i), 0x01000193);
      }
      return (h >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}
