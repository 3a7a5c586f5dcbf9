import type { AnnotationQuery, QueryEditorProps } from '@grafana/data';
import React from 'react';

import { QueryEditor } from './QueryEditor';
import type { LogcenterDatasource } from '../datasource';
import { VERSION, type Kind, type Query, type Settings } from '../types';

interface Props extends QueryEditorProps<LogcenterDatasource, Query, Settings> {
  annotation?: AnnotationQuery<Query>;
}

/** What has one moment a row. */
const KINDS: readonly Kind[] = ['alerts', 'logs'];

/** Which alerts or lines become annotations. */
export function AnnotationQueryEditor({ datasource, query, annotation, onChange, onRunQuery, range }: Props) {
  // An annotation that was made for another datasource has a query of that one.
  const own = (annotation?.target ?? query) as Query | undefined;
  const shown: Query = own?.kind ? own : { refId: 'annotation', v: VERSION, kind: 'alerts', alerts: {} };
  return <QueryEditor datasource={datasource} query={shown} onChange={onChange} onRunQuery={onRunQuery} range={range} kinds={KINDS} />;
}
