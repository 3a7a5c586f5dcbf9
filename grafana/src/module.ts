import { DataSourcePlugin } from '@grafana/data';

import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { QueryHelp } from './components/QueryHelp';
import { LogcenterDatasource } from './datasource';
import type { Query, Secrets, Settings } from './types';

export const plugin = new DataSourcePlugin<LogcenterDatasource, Query, Settings, Secrets>(LogcenterDatasource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryHelp);
