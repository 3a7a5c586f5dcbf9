/** What the backend answers beside queries: fields, values, completion, the builder's form of a query. */
import type { TimeRange } from '@grafana/data';

import { withoutVariables } from './language/interpolate';
import { VARIABLE } from './language/lexer';
import { Hidden } from './query/variables';
import type { VariableQuery } from './types';

export interface FieldInfo {
  name: string;
  type: string;
  list?: boolean;
  count?: number;
  description?: string;
}

export interface ValueInfo {
  /** The value as text, as queries write it. */
  text: string;
  /** Events with it. */
  count?: number;
}

/** A list of values that queries ask for by its name. */
export interface Watchlist {
  name: string;
  /** ip, domain, hash, user or keyword */
  type: string;
  entries?: number;
  description?: string;
}

/** A mistake in a query; start and end are UTF-16 offsets in its text. */
export interface Mistake {
  message: string;
  hint?: string;
  start: number;
  end: number;
}

export interface Validation {
  valid: boolean;
  error?: Mistake;
  warnings?: Mistake[];
}

export interface CompletionItem {
  label: string;
  insert: string;
  kind: 'field' | 'value' | 'operator' | 'keyword' | 'stream' | 'list';
  detail?: string;
  documentation?: string;
}

/** text[start:end] is what an item replaces. */
export interface Completion {
  start: number;
  end: number;
  items: CompletionItem[];
}

/** One condition of the builder; verbatim is one that it cannot show as field, op and values. */
export interface Clause {
  field?: string;
  op?: string;
  values?: string[];
  negated?: boolean;
  /** Whether the values were written in quotes; missing: as it reads best. */
  quoted?: boolean;
  verbatim?: string;
}

export interface BuilderForm {
  clauses: Clause[];
  join: 'AND' | 'OR';
}

/** Where fields, values and completion are looked for. */
export interface Scope {
  query?: string;
  stream?: string;
  range?: TimeRange;
}

/** How the backend is asked; DataSourceWithBackend has these. */
export interface Transport {
  getResource(path: string, params?: Record<string, unknown>): Promise<unknown>;
  postResource(path: string, data?: unknown): Promise<unknown>;
}

export class Resources {
  constructor(private transport: Transport) {}

  async fields(scope: Scope): Promise<FieldInfo[]> {
    return (await this.get<{ fields?: FieldInfo[] }>('fields', params(scope))).fields ?? [];
  }

  async values(field: string, scope: Scope, prefix = '', size = 100): Promise<ValueInfo[]> {
    return (await this.get<{ values?: ValueInfo[] }>('field-values', { ...params(scope), field, prefix, size })).values ?? [];
  }

  async streams(): Promise<{ name: string; description?: string }[]> {
    return (await this.get<{ streams?: { name: string; description?: string }[] }>('streams')).streams ?? [];
  }

  async watchlists(): Promise<Watchlist[]> {
    return (await this.get<{ watchlists?: Watchlist[] }>('watchlists')).watchlists ?? [];
  }

  async rules(): Promise<{ id: string; name: string; severity?: string; type?: string }[]> {
    return (await this.get<{ rules?: { id: string; name: string; severity?: string; type?: string }[] }>('rules')).rules ?? [];
  }

  async validate(query: string, stream?: string): Promise<Validation> {
    return this.post<Validation>('query/validate', { query: withoutVariables(query), stream });
  }

  async complete(query: string, caret: number, scope: Scope): Promise<Completion> {
    return this.post<Completion>('query/complete', { ...params(scope), query: withoutVariables(query), caret });
  }

  /** The builder's form of a query. Variables stay what they are. */
  async parse(query: string): Promise<BuilderForm> {
    const hidden = new Hidden(VARIABLE);
    const form = await this.post<BuilderForm>('query/parse', { query: hidden.hide(query) });
    return { join: form.join, clauses: (form.clauses ?? []).map((c) => changed(c, (s) => hidden.show(s))) };
  }

  /** The text of a builder's form. */
  async print(form: BuilderForm): Promise<string> {
    const hidden = new Hidden(VARIABLE);
    const clauses = form.clauses.map((c) => changed(c, (s) => hidden.hide(s)));
    return hidden.show((await this.post<{ query: string }>('query/print', { clauses, join: form.join })).query);
  }

  async variable(query: VariableQuery, range?: TimeRange): Promise<{ text: string; value: string }[]> {
    const { kind, field, stream, size } = query;
    const answer = await this.post<{ values?: { text: string; value: string }[] }>('variable', { ...params({ range }), kind, field, query: query.query, stream, size });
    return answer.values ?? [];
  }

  private async get<T>(path: string, query?: Record<string, unknown>): Promise<T> {
    return (await this.transport.getResource(path, query)) as T;
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.transport.postResource(path, body)) as T;
  }
}

function params({ query, stream, range }: Scope): Record<string, unknown> {
  return {
    ...(query && { query: withoutVariables(query) }),
    ...(stream && { stream }),
    ...(range && { from: range.from.valueOf(), to: range.to.valueOf() }),
  };
}

function changed(c: Clause, change: (s: string) => string): Clause {
  return {
    ...c,
    ...(c.field !== undefined && { field: change(c.field) }),
    ...(c.values && { values: c.values.map(change) }),
    ...(c.verbatim !== undefined && { verbatim: change(c.verbatim) }),
  };
}
