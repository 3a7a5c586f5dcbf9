/** The lines around a line: of the same host, the same source, or whatever the analyst chooses. */
import type { LogRowModel } from '@grafana/data';

import { print } from '../language/filter';
import { VERSION, type Around, type Query } from '../types';

/** The fields by which lines belong together, the closest first. */
const BELONGING = ['host.name', 'observer.name', 'host.ip', 'observer.ip', 'log.source.address', 'asset.id', 'event.dataset', 'service.name', 'logcenter.input'];

/** A field of a line, by which its context can be kept. */
export interface ContextField {
  field: string;
  value: string;
}

/** What of a line its context can be kept to. */
export function contextFields(row: Pick<LogRowModel, 'labels'>): ContextField[] {
  return BELONGING.flatMap((field) => {
    const value = row.labels[field];
    return value ? [{ field, value }] : [];
  });
}

/** What the context is kept to unless the analyst says otherwise: the host or device, else the source. */
export function defaultContext(fields: ContextField[]): string[] {
  return fields.slice(0, 1).map((f) => f.field);
}

/** The query for the lines on one side of row; its own line is not in the answer. */
export function contextQuery(row: Pick<LogRowModel, 'labels' | 'rowId' | 'uid' | 'timeEpochMs' | 'timeEpochNs'>, kept: string[], before: boolean, limit: number, original?: Query): Query {
  const conditions = contextFields(row)
    .filter((f) => kept.includes(f.field))
    .map((f) => print(f));
  const around: Around = { id: row.rowId ?? row.labels['event.id'] ?? row.uid, time: rfc3339(row.timeEpochNs, row.timeEpochMs), ...(before && { before }) };
  return {
    v: VERSION,
    refId: `log-context-${before ? 'before' : 'after'}`,
    ...(original?.datasource && { datasource: original.datasource }),
    ...(original?.stream && { stream: original.stream }),
    kind: 'logs',
    editor: 'code',
    query: conditions.join(' AND '),
    limit,
    around,
  };
}

/** Nanoseconds since 1970 as RFC 3339, without loss. */
function rfc3339(ns: string, ms: number): string {
  const seconds = new Date(ms).toISOString().slice(0, 19);
  const fraction = /^\d{10,}$/.test(ns) ? ns.slice(-9) : String(ms % 1000).padStart(3, '0');
  return `${seconds}.${fraction}Z`;
}
