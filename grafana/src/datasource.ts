import {
  CoreApp,
  LogRowContextQueryDirection,
  SupplementaryQueryType,
  dateTime,
  type AbstractQuery,
  type AdHocVariableFilter,
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type DataSourceWithLogsContextSupport,
  type DataSourceWithQueryExportSupport,
  type DataSourceWithQueryImportSupport,
  type DataSourceWithQueryModificationSupport,
  type DataSourceWithSupplementaryQueriesSupport,
  type DataSourceWithToggleableQueryFiltersSupport,
  type LogRowContextOptions,
  type LogRowModel,
  type MetricFindValue,
  type QueryFilterOptions,
  type QueryFixAction,
  type QueryFixType,
  type ScopedVars,
  type SupplementaryQueryOptions,
  type ToggleFilterAction,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import { lastValueFrom, map, type Observable } from 'rxjs';

import { contextMenu } from './components/ContextFields';
import { add, has, remove, toggle, type Condition } from './language/filter';
import { link } from './links';
import { tail } from './live';
import { fromAbstract, toAbstract } from './query/abstract';
import { contextFields, contextQuery, defaultContext } from './query/context';
import { defaultQuery, describe, isComplete, isLogs, maxLines, migrate } from './query/query';
import { supplementary } from './query/supplementary';
import { applyVariables } from './query/variables';
import { Resources } from './resources';
import type { Query, Settings } from './types';

const DAY = 24 * 60 * 60 * 1000;

/** One Logcenter, asked through the plugin's backend. */
export class LogcenterDatasource
  extends DataSourceWithBackend<Query, Settings>
  implements
    DataSourceWithLogsContextSupport<Query>,
    DataSourceWithSupplementaryQueriesSupport<Query>,
    DataSourceWithToggleableQueryFiltersSupport<Query>,
    DataSourceWithQueryModificationSupport<Query>,
    DataSourceWithQueryImportSupport<Query>,
    DataSourceWithQueryExportSupport<Query>
{
  readonly settings: Settings;
  readonly resources = new Resources(this);
  /** By which fields each line's context is kept, as the analyst chose it. */
  private kept = new Map<string, string[]>();

  constructor(
    instance: DataSourceInstanceSettings<Settings>,
    private templates: TemplateSrv = getTemplateSrv(),
  ) {
    super(instance);
    this.settings = instance.jsonData;
  }

  override query(request: DataQueryRequest<Query>): Observable<DataQueryResponse> {
    const targets = request.targets.map(migrate).filter((q) => this.filterQuery(q));
    if (request.liveStreaming) {
      const queries = targets.filter(isLogs).map((q) => this.applyTemplateVariables(q, request.scopedVars, request.filters));
      return tail(this.uid, queries, maxLines(this.settings));
    }
    return super.query({ ...request, targets }).pipe(
      map((response) => ({ ...response, data: link(response.data as DataFrame[], targets, { uid: this.uid, name: this.name }) })),
    );
  }

  override getDefaultQuery(app: CoreApp): Partial<Query> {
    return defaultQuery(app === CoreApp.Explore);
  }

  override filterQuery(query: Query): boolean {
    return isComplete(migrate(query));
  }

  override getQueryDisplayText(query: Query): string {
    return describe(migrate(query));
  }

  override applyTemplateVariables(query: Query, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]): Query {
    const next = applyVariables(migrate(query), this.templates, scopedVars);
    const all = [...(next.filters ?? []), ...(filters ?? []).map(({ key, operator, value, values }) => ({ key, operator, value, ...(values && { values }) }))];
    return all.length > 0 ? { ...next, filters: all } : next;
  }

  // What a click in a line, its details or a chart does.

  toggleQueryFilter(query: Query, filter: ToggleFilterAction): Query {
    return { ...query, query: toggle(query.query ?? '', condition(filter.options, filter.type === 'FILTER_OUT')) };
  }

  queryHasFilter(query: Query, filter: QueryFilterOptions): boolean {
    return has(query.query ?? '', condition(filter, false));
  }

  getSupportedQueryModifications(): QueryFixType[] {
    return ['ADD_FILTER', 'ADD_FILTER_OUT', 'ADD_STRING_FILTER', 'ADD_STRING_FILTER_OUT'];
  }

  override modifyQuery(query: Query, action: QueryFixAction): Query {
    const options = action.options ?? {};
    const text = query.query ?? '';
    const changed = (c: Condition) => ({ ...query, query: add(remove(text, { ...c, negated: !c.negated }), c) });
    switch (action.type) {
      case 'ADD_FILTER':
      case 'ADD_FILTER_OUT':
        return options.key ? changed(condition(options, action.type === 'ADD_FILTER_OUT')) : query;
      case 'ADD_STRING_FILTER':
      case 'ADD_STRING_FILTER_OUT':
        return options.value ? changed({ value: options.value, negated: action.type === 'ADD_STRING_FILTER_OUT' }) : query;
      default:
        return query;
    }
  }

  // Explore: bars over the lines, lines under a chart, lines around a line.

  getSupportedSupplementaryQueryTypes(): SupplementaryQueryType[] {
    return [SupplementaryQueryType.LogsVolume, SupplementaryQueryType.LogsSample];
  }

  getSupplementaryQuery(options: SupplementaryQueryOptions, query: Query): Query | undefined {
    return supplementary(options, migrate(query));
  }

  getSupplementaryRequest(type: SupplementaryQueryType, request: DataQueryRequest<Query>, options?: SupplementaryQueryOptions): DataQueryRequest<Query> | undefined {
    const targets = request.targets.map((q) => this.getSupplementaryQuery(options ?? { type }, q)).filter((q) => q !== undefined);
    return targets.length > 0 ? { ...request, liveStreaming: false, targets } : undefined;
  }

  async getLogRowContext(row: LogRowModel, options?: LogRowContextOptions, query?: Query): Promise<DataQueryResponse> {
    const target = await this.getLogRowContextQuery(row, options, query);
    const window = options?.timeWindowMs ?? DAY;
    const range = { from: dateTime(row.timeEpochMs - window), to: dateTime(row.timeEpochMs + window) };
    const request: DataQueryRequest<Query> = {
      app: CoreApp.Explore,
      requestId: `${target.refId}-${row.uid}`,
      targets: [target],
      range: { ...range, raw: range },
      interval: '1s',
      intervalMs: 1000,
      scopedVars: options?.scopedVars ?? {},
      startTime: Date.now(),
      timezone: 'browser',
    };
    return lastValueFrom(super.query(request));
  }

  async getLogRowContextQuery(row: LogRowModel, options?: LogRowContextOptions, query?: Query): Promise<Query> {
    const before = options?.direction !== LogRowContextQueryDirection.Forward;
    const kept = this.kept.get(row.uid) ?? defaultContext(contextFields(row));
    return Promise.resolve(contextQuery(row, kept, before, options?.limit ?? 50, query));
  }

  getLogRowContextUi(row: LogRowModel, run?: () => void): React.ReactNode {
    const fields = contextFields(row);
    return contextMenu({
      fields,
      kept: this.kept.get(row.uid) ?? defaultContext(fields),
      onChange: (kept) => {
        this.kept.set(row.uid, kept);
        run?.();
      },
    });
  }

  // Ad-hoc filters of dashboards.

  override async getTagKeys(options?: DataSourceGetTagKeysOptions<Query>): Promise<MetricFindValue[]> {
    const fields = await this.resources.fields({ query: this.narrowed(options?.filters), range: options?.timeRange });
    return fields.map((f) => ({ text: f.name, value: f.name }));
  }

  override async getTagValues(options: DataSourceGetTagValuesOptions<Query>): Promise<MetricFindValue[]> {
    const others = options.filters.filter((f) => f.key !== options.key);
    const values = await this.resources.values(options.key, { query: this.narrowed(others), range: options.timeRange });
    return values.map((v) => ({ text: v.text, value: v.text }));
  }

  /** The filters that are there already, so that only what is left is offered. */
  private narrowed(filters: AdHocVariableFilter[] = []): string {
    return filters
      .filter((f) => f.operator === '=' || f.operator === '!=')
      .reduce((text, f) => add(text, { field: f.key, value: f.value, negated: f.operator === '!=' }), '');
  }

  // Switching from another datasource, and to one.

  async importFromAbstractQueries(queries: AbstractQuery[]): Promise<Query[]> {
    return Promise.resolve(queries.map(fromAbstract));
  }

  async exportToAbstractQueries(queries: Query[]): Promise<AbstractQuery[]> {
    return Promise.resolve(queries.map((q) => toAbstract(migrate(q))));
  }
}

function condition(options: QueryFilterOptions, negated: boolean): Condition {
  return { field: options.key, value: options.value ?? '', negated };
}
