/**
 * A page that is to the built plugin what Grafana is: it loads module.js as an AMD module, gives it Grafana's own packages,
 * carries its calls to the backend, and shows its editors. There is no Grafana server in this tree's registries.
 */
import * as emotion from '@emotion/css';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { setBackendSrv, setDataSourceSrv, setTemplateSrv, type BackendSrv, type DataSourceSrv, type TemplateSrv } from '@grafana/runtime';
import * as ui from '@grafana/ui';
import React from 'react';
import * as ReactDOM from 'react-dom';
import { createRoot } from 'react-dom/client';
import * as rxjs from 'rxjs';

import { answers, live } from './bridge';
import { View } from './views';

const ID = 'logcenter-logcenter-datasource';
const asked = new URLSearchParams(location.search);

/** What the page's dashboard has as variables. */
const variables: Record<string, string | string[]> = { host: ['fw-core-01', 'fw-core-02'], level: 'Error' };

const templates: TemplateSrv = {
  getVariables: () => Object.keys(variables).map((name) => ({ type: 'custom', name })) as ReturnType<TemplateSrv['getVariables']>,
  containsTemplate: (s = '') => s.includes('$'),
  updateTimeRange: () => undefined,
  replace: (target = '', _scoped, format) =>
    target.replace(/\$\{?(\w+)\}?/g, (all, name: string) => {
      const value = variables[name];
      return value === undefined ? all : typeof format === 'function' ? String(format(value)) : [value].flat().join(',');
    }),
};

async function load(): Promise<data.DataSourcePlugin<never>> {
  const shared: Record<string, unknown> = { '@emotion/css': emotion, '@grafana/data': data, '@grafana/runtime': runtime, '@grafana/ui': ui, react: React, 'react-dom': ReactDOM, rxjs };
  return new Promise((resolve, reject) => {
    Object.assign(window, {
      define: (names: string[], factory: (...given: unknown[]) => unknown) => {
        const module = { exports: {} };
        factory(...names.map((n) => (n === 'exports' ? module.exports : n === 'module' ? module : shared[n])));
        resolve((module.exports as { plugin: data.DataSourcePlugin<never> }).plugin);
      },
    });
    const script = document.createElement('script');
    script.src = `/public/plugins/${ID}/module.js`;
    script.onerror = () => { reject(new Error('module.js could not be loaded')); };
    document.head.append(script);
  });
}

async function main(): Promise<void> {
  Object.assign(runtime.config, { bootData: { user: { language: asked.get('lang') ?? 'en-US' }, settings: {} }, publicDashboardAccessToken: '' });
  setBackendSrv({ fetch: answers } as unknown as BackendSrv);
  setTemplateSrv(templates);
  runtime.setGrafanaLiveSrv(live);
  const meta = (await (await fetch(`/public/plugins/${ID}/plugin.json`)).json()) as data.DataSourcePluginMeta;
  const plugin = await load();
  const instance = { id: 1, uid: 'logcenter', name: 'Logcenter', type: ID, url: '', access: 'proxy', readOnly: false, jsonData: {}, meta } as unknown as data.DataSourceInstanceSettings<never>;
  setDataSourceSrv({ getInstanceSettings: () => instance, getList: () => [instance] } as unknown as DataSourceSrv);
  const datasource = new plugin.DataSourceClass(instance);
  const theme = data.createTheme({ colors: { mode: asked.get('theme') === 'light' ? 'light' : 'dark' } });
  createRoot(document.getElementById('root') as HTMLElement).render(
    <data.ThemeContext.Provider value={theme}>
      <ui.GlobalStyles />
      <ui.PortalContainer />
      <View name={asked.get('view') ?? 'explore'} plugin={plugin} datasource={datasource} range={{ from: Number(asked.get('from')), to: Number(asked.get('to')) }} />
    </data.ThemeContext.Provider>,
  );
}

main().catch((e: unknown) => {
  document.body.textContent = String(e);
});
