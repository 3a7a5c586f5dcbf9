/** Grafana's variables in all parts of a query. */
import type { ScopedVars } from '@grafana/data';
import type { TemplateSrv } from '@grafana/runtime';

import { interpolate, type Resolve, type Resolved } from '../language/interpolate';
import type { Query } from '../types';

/** What Grafana's template service knows of a reference. */
export function resolver(srv: Pick<TemplateSrv, 'replace'>, scopedVars?: ScopedVars): Resolve {
  return (reference): Resolved => {
    let values: string[] | undefined;
    const text = srv.replace(reference, scopedVars, (value: unknown) => {
      values = (Array.isArray(value) ? value : [value]).map(String);
      return '';
    });
    // Not asked: the reference names a format of its own, is a custom "all" value, or is not known.
    if (values !== undefined) {
      return { values };
    }
    return text === reference ? undefined : { text };
  };
}

/** query with the values of all variables. */
export function applyVariables(query: Query, srv: Pick<TemplateSrv, 'replace'>, scopedVars?: ScopedVars): Query {
  const resolve = resolver(srv, scopedVars);
  const text = (s: string) => interpolate(s, resolve);
  const plain = (s: string) => srv.replace(s, scopedVars);
  const list = (items: string[]) =>
    items.flatMap((item) => {
      const r = resolve(item);
      return r !== undefined && 'values' in r ? r.values : [plain(item)];
    });
  const next: Query = { ...query };
  set(next, 'query', text);
  set(next, 'stream', plain);
  set(next, 'eventId', plain);
  set(next, 'legend', plain);
  set(next, 'fields', list);
  if (query.chart) {
    const chart = { ...query.chart };
    set(chart, 'field', plain);
    set(chart, 'interval', plain);
    set(chart, 'timeZone', plain);
    set(chart, 'missing', plain);
    set(chart, 'previous', plain);
    set(chart, 'by', (levels) => levels.map((l) => ({ ...l, field: plain(l.field) })));
    set(chart, 'compare', (others) => others.map((c) => ({ ...c, query: text(c.query), ...(c.name && { name: plain(c.name) }), ...(c.field && { field: plain(c.field) }) })));
    next.chart = chart;
  }
  if (query.alerts) {
    const alerts = { ...query.alerts };
    for (const key of ['states', 'severities', 'rules', 'devices', 'kinds'] as const) {
      set(alerts, key, list);
    }
    set(alerts, 'text', plain);
    next.alerts = alerts;
  }
  return next;
}

/** Changes a property that is there. */
function set<T, K extends keyof T>(object: T, key: K, change: (value: NonNullable<T[K]>) => T[K]): void {
  const value = object[key];
  if (value !== undefined && value !== null) {
    object[key] = change(value as NonNullable<T[K]>);
  }
}

const VARIABLE_MARK = /LCVAR_(\d+)_/g;

/** Takes variables out of text that goes through the backend and comes back in another form, and puts them back there. */
export class Hidden {
  private references: string[] = [];

  constructor(private pattern: RegExp) {}

  hide(text: string): string {
    return text.replace(new RegExp(this.pattern.source, 'g'), (reference) => {
      this.references.push(reference);
      return `LCVAR_${String(this.references.length - 1)}_`;
    });
  }

  show(text: string): string {
    return text.replace(VARIABLE_MARK, (mark, n: string) => this.references[Number(n)] ?? mark);
  }
}
