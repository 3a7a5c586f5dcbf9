/** Variables of dashboards: fields, values of a field, streams, rules, assets. */
import { CustomVariableSupport, toDataFrame, type DataQueryRequest, type DataQueryResponse } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { from, map, type Observable } from 'rxjs';

import { VariableQueryEditor } from './components/VariableQueryEditor';
import type { LogcenterDatasource } from './datasource';
import { interpolate } from './language/interpolate';
import { resolver } from './query/variables';
import type { Query, Settings, VariableQuery } from './types';

export class LogcenterVariables extends CustomVariableSupport<LogcenterDatasource, VariableQuery, Query, Settings> {
  override editor = VariableQueryEditor;

  constructor(private datasource: LogcenterDatasource) {
    super();
  }

  override query(request: DataQueryRequest<VariableQuery>): Observable<DataQueryResponse> {
    const target = request.targets[0];
    if (target === undefined || (target.kind === 'values' && !target.field)) {
      return from([{ data: [] }]);
    }
    const templates = getTemplateSrv();
    const query: VariableQuery = {
      ...target,
      field: templates.replace(target.field, request.scopedVars),
      stream: templates.replace(target.stream, request.scopedVars),
      query: interpolate(target.query ?? '', resolver(templates, request.scopedVars)),
    };
    return from(this.datasource.resources.variable(query, request.range)).pipe(
      map((values) => ({
        data: [
          toDataFrame({
            fields: [
              { name: 'text', values: values.map((v) => v.text) },
              { name: 'value', values: values.map((v) => v.value) },
            ],
          }),
        ],
      })),
    );
  }}
