/** The JSON of a query and of the settings of a datasource: what pkg/model has in Go. A test compares the two. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

/** The version of queries that this plugin writes. */
export const VERSION = 1;

/** What a query returns; see pkg/model. */
export const KINDS = ['logs', 'table', 'metrics', 'alerts', 'explain', 'dead_letters', 'plugins', 'inputs', 'volume', 'rates'] as const;
export type Kind = (typeof KINDS)[number];

/** The stream that is all events, whatever the datasource's is. */
export const ALL_STREAMS = '*';

/** The kinds of charts of the log standard. */
export const CHARTS = [
  'event_count',
  'time_segments',
  'numeric_ranges',
  'time_histogram',
  'histogram',
  'terms',
  'field_stats',
  'percentiles',
  'drill_down',
  'geo',
] as const;
export type ChartKind = (typeof CHARTS)[number];

export const CALCS = ['count', 'distinct', 'min', 'max', 'avg', 'sum'] as const;
export type Calc = (typeof CALCS)[number];

/** A query of a panel. Everything but refId may be missing; see pkg/model for what that means. */
export interface Query extends DataQuery {
  v?: number;
  kind?: Kind;
  /** All that says which events are meant, in Logcenter's query language. The builder shows it and writes it. */
  query?: string;
  editor?: 'builder' | 'code';
  stream?: string;
  filters?: Filter[];
  limit?: number;
  oldest?: boolean;
  fields?: string[];
  around?: Around;
  eventId?: string;
  chart?: Chart;
  alerts?: AlertFilter;
  legend?: string;
}

/** A condition on one field, as Grafana's ad-hoc filters say it. */
export interface Filter {
  key: string;
  operator: string;
  value: string;
  values?: string[];
}

/** Asks for the lines before or after one. */
export interface Around {
  id: string;
  /** RFC 3339 */
  time: string;
  before?: boolean;
}

export interface Chart {
  kind: ChartKind;
  field?: string;
  by?: Level[];
  calcs?: Calc[];
  interval?: string;
  timeZone?: string;
  width?: number;
  ranges?: Range[];
  percents?: number[];
  size?: number;
  other?: boolean;
  missing?: string;
  zoom?: number;
  as?: '' | 'series' | 'table';
  previous?: string;
  compare?: Compare[];
}

export interface Level {
  field: string;
  size?: number;
}

/** from inclusive, to exclusive; a missing end is open. */
export interface Range {
  name?: string;
  from?: number;
  to?: number;
}

export interface Compare {
  name?: string;
  query: string;
  field?: string;
}

export interface AlertFilter {
  states?: string[];
  severities?: string[];
  rules?: string[];
  devices?: string[];
  kinds?: string[];
  text?: string;
  repeats?: boolean;
  by?: RatesBy;
}

/** Whose alerts are counted together by the kind rates. */
export const RATES_BY = ['rule', 'device', 'device_rule'] as const;
export type RatesBy = (typeof RATES_BY)[number];

/** What a datasource is set up with, secrets aside. */
export interface Settings extends DataSourceJsonData {
  stream?: string;
  maxLines?: number;
  timeoutSec?: number;
  levelField?: string;

  // These are Grafana's own names, which its SDK reads.
  tlsAuth?: boolean;
  tlsAuthWithCACert?: boolean;
  tlsSkipVerify?: boolean;
  serverName?: string;
}

/** What Grafana keeps encrypted, and gives to the backend only. */
export interface Secrets {
  apiToken?: string;
  basicAuthPassword?: string;
  tlsCACert?: string;
  tlsClientCert?: string;
  tlsClientKey?: string;
}

/** What a variable of a dashboard lists. */
export const VARIABLE_KINDS = ['values', 'fields', 'streams', 'rules', 'assets'] as const;
export type VariableKind = (typeof VARIABLE_KINDS)[number];

/** The query of a variable. */
export interface VariableQuery extends DataQuery {
  kind: VariableKind;
  field?: string;
  query?: string;
  stream?: string;
  /** Values at most; missing: the backend's default. */
  size?: number;
}
