/** Alerts, or the lines of a query, as annotations over a chart. */
import type { AnnotationSupport } from '@grafana/data';

import { AnnotationQueryEditor } from './components/AnnotationQueryEditor';
import { isComplete, migrate } from './query/query';
import { VERSION, type Query } from './types';

export const annotations: AnnotationSupport<Query> = {
  QueryEditor: AnnotationQueryEditor,
  getDefaultQuery: () => ({ v: VERSION, kind: 'alerts', alerts: {} }),
  prepareQuery: (annotation) => {
    const query = annotation.target && migrate(annotation.target);
    return query && isComplete(query) ? query : undefined;
  },
};
