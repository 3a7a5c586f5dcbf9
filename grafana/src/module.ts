import { DataSourcePlugin, type DataSourceInstanceSettings } from '@grafana/data';

import { annotations } from './annotations';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { QueryHelp } from './components/QueryHelp';
import { LogcenterDatasource } from './datasource';
import type { Query, Secrets, Settings } from './types';
import { LogcenterVariables } from './variables';

/** The datasource with its editors. */
class EditableDatasource extends LogcenterDatasource {
  override annotations = annotations;

  constructor(instance: DataSourceInstanceSettings<Settings>) {
    super(instance);
    // The variables' editor is only ever shown with a datasource of this class, which the type of the property cannot say.
    this.variables = new LogcenterVariables(this) as unknown as this['variables'];
  }
}

export const plugin = new DataSourcePlugin<LogcenterDatasource, Query, Settings, Secrets>(EditableDatasource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(QueryHelp);
