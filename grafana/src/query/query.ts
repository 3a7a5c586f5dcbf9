/** Queries as such: how one begins, how an old one is read, whether it can be asked, and what it is called in a history. */
import type { Chart, ChartKind, Kind, Query, Settings } from '../types';
import { VERSION } from '../types';

/** The query of a new panel. */
export function defaultQuery(explore: boolean): Partial<Query> {
  return explore
    ? { v: VERSION, kind: 'logs', query: '', editor: 'code' }
    : { v: VERSION, kind: 'metrics', query: '', editor: 'builder', chart: { kind: 'event_count' } };
}

/** A query of any version, as of today. The same rules as in pkg/model's Decode. */
export function migrate(query: Query): Query {
  if ((query.v ?? 0) >= VERSION) {
    return query;
  }
  const implied: Kind = query.chart ? 'metrics' : query.alerts ? 'alerts' : query.eventId ? 'explain' : 'logs';
  return { ...query, v: VERSION, kind: query.kind ?? implied };
}

/** The kinds of charts that are of the values of one field. */
export const NEEDS_FIELD: readonly ChartKind[] = ['time_segments', 'numeric_ranges', 'histogram', 'terms', 'field_stats', 'percentiles'];

/** Whether there is enough to ask; else the editor is still being filled in. */
export function isComplete(query: Query): boolean {
  if (query.hide) {
    return false;
  }
  switch (query.kind) {
    case 'explain':
      return (query.eventId ?? '').trim() !== '';
    case 'metrics': {
      const chart = query.chart;
      if (chart === undefined) {
        return true;
      }
      if (chart.kind === 'drill_down') {
        return (chart.by ?? []).some((l) => l.field !== '');
      }
      if (chart.kind === 'numeric_ranges' && (chart.ranges ?? []).length === 0) {
        return false;
      }
      return !NEEDS_FIELD.includes(chart.kind) || (chart.field ?? '') !== '' || (chart.compare ?? []).some((c) => c.field);
    }
    default:
      return true;
  }
}

/** Whether its answer is log lines. */
export function isLogs(query: Query): boolean {
  return query.kind === undefined || query.kind === 'logs';
}

/** One line that tells it from others in Explore's history. */
export function describe(query: Query): string {
  const text = (query.query ?? '').trim() || '*';
  const where = query.stream ? ` in ${query.stream}` : '';
  switch (query.kind) {
    case 'metrics':
      return `${describeChart(query.chart)}: ${text}${where}`;
    case 'alerts': {
      const a = query.alerts ?? {};
      const parts = [...(a.rules ?? []), ...(a.severities ?? []), ...(a.states ?? []), ...(a.devices ?? []), a.text ?? ''].filter((s) => s !== '');
      return `alerts: ${parts.length > 0 ? parts.join(', ') : '*'}`;
    }
    case 'explain':
      return `explain: ${query.eventId ?? ''}`;
    case 'rates':
      return `rates by ${query.alerts?.by ?? 'rule'}`;
    case 'dead_letters':
    case 'plugins':
    case 'inputs':
      return query.kind.replace('_', ' ');
    case 'table':
      return `table${query.fields?.length ? ` of ${query.fields.join(', ')}` : ''}: ${text}${where}`;
    case 'volume':
      return `volume: ${text}${where}`;
    default:
      return `${text}${where}`;
  }
}

function describeChart(chart: Chart = { kind: 'event_count' }): string {
  const calcs = chart.calcs?.length ? ` ${chart.calcs.join(', ')}` : '';
  const field = chart.field ? ` of ${chart.field}` : '';
  const by = chart.by?.length ? ` by ${chart.by.map((l) => l.field).join(', ')}` : '';
  return `${chart.kind.replace('_', ' ')}${calcs}${field}${by}`;
}

/** How many lines are asked for when the query names no number. */
export function maxLines(settings: Settings): number {
  return settings.maxLines ?? 1000;
}

/** The chart as another kind: what both have stays. */
export function asChart(kind: ChartKind, from: Chart = { kind }): Chart {
  const next: Chart = { ...from, kind };
  if (kind === 'drill_down' && !next.by?.length) {
    next.by = [{ field: next.field ?? '' }];
  }
  if (kind === 'numeric_ranges' && !next.ranges?.length) {
    next.ranges = [{ to: 100 }, { from: 100 }];
  }
  if (kind === 'histogram' && next.width === undefined) {
    next.width = 100;
  }
  return next;
}
