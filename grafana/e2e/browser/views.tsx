/** The places in Grafana where the plugin's editors stand. */
import { dateTime, type DataFrame, type DataQueryResponse, type DataSourceApi, type DataSourcePlugin, type TimeRange } from '@grafana/data';
import { Alert, Button, Stack, useTheme2 } from '@grafana/ui';
import React, { useState } from 'react';
import { lastValueFrom, type Subscription } from 'rxjs';

import type { LogcenterDatasource } from '../../src/datasource';
import type { Query, VariableQuery } from '../../src/types';

interface Props {
  name: string;
  plugin: DataSourcePlugin<never>;
  datasource: DataSourceApi;
  range: { from: number; to: number };
}

export function View({ name, plugin, datasource, range }: Props) {
  const theme = useTheme2();
  const limits = { from: dateTime(range.from), to: dateTime(range.to) };
  const time: TimeRange = { ...limits, raw: limits };
  const ds = datasource as unknown as LogcenterDatasource;
  const views: Record<string, () => React.ReactNode> = {
    config: () => <Config plugin={plugin} ds={ds} />,
    explore: () => <Explore plugin={plugin} ds={ds} range={time} />,
    variable: () => <Variable ds={ds} range={time} />,
    annotation: () => <Annotation ds={ds} range={time} />,
  };
  return <div style={{ padding: 16, background: theme.colors.background.primary, minHeight: '100vh', color: theme.colors.text.primary }}>{views[name]?.()}</div>;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- Grafana's own types of a plugin's components are not narrower */
interface PluginProps {
  plugin: DataSourcePlugin<never>;
  ds: LogcenterDatasource;
}

function Config({ plugin, ds }: PluginProps) {
  const Editor = plugin.components.ConfigEditor as unknown as React.ComponentType<any>;
  const [options, setOptions] = useState<any>({ url: '', basicAuth: false, basicAuthUser: '', jsonData: {}, secureJsonData: {}, secureJsonFields: {}, readOnly: false });
  const [result, setResult] = useState<{ ok: boolean; message: string }>();
  const save = async () => {
    await fetch('/save', { method: 'POST', body: JSON.stringify(options) });
    const stored = Object.keys((options as { secureJsonData: object }).secureJsonData).map((k) => [k, true]);
    setOptions((old: any) => ({ ...old, secureJsonData: {}, secureJsonFields: { ...old.secureJsonFields, ...Object.fromEntries(stored) } }));
    try {
      setResult({ ok: true, message: ((await ds.testDatasource()) as { message: string }).message });
    } catch (e) {
      setResult({ ok: false, message: (e as Error).message });
    }
  };
  return (
    <>
      <Editor options={options} onOptionsChange={setOptions} />
      {result && <Alert severity={result.ok ? 'success' : 'error'} title={result.message} />}
      <Button onClick={() => void save()}>Save &amp; test</Button>
    </>
  );
}

function Explore({ plugin, ds, range }: PluginProps & { range: TimeRange }) {
  const Editor = plugin.components.QueryEditor as unknown as React.ComponentType<any>;
  const [query, setQuery] = useState<Query>({ refId: 'A', ...ds.getDefaultQuery('explore' as never) });
  const [answer, setAnswer] = useState<DataQueryResponse>();
  const [tailing, setTailing] = useState<Subscription>();
  // As Grafana does: the editor changes the query, and asks to run it in the same moment.
  const latest = React.useRef(query);
  const ask = (liveStreaming: boolean) =>
    ds.query({ targets: [latest.current], range, scopedVars: {}, intervalMs: 60_000, maxDataPoints: 1000, requestId: 'page', app: 'explore', interval: '1m', startTime: 0, timezone: 'browser', liveStreaming } as never);
  const asked = React.useRef(0);
  const run = () => {
    const mine = ++asked.current;
    lastValueFrom(ask(false)).then(
      (found) => {
        if (mine === asked.current) { // else another question was asked meanwhile
          setAnswer(found);
        }
      },
      (e: unknown) => { setAnswer({ data: [], errors: [{ message: String(e) }] }); },
    );
  };
  return (
    <Stack direction="column" gap={2}>
      <Editor
        datasource={ds}
        query={query}
        range={range}
        onChange={(next: Query) => {
          latest.current = next;
          setQuery(next);
        }}
        onRunQuery={run}
      />
      <Stack gap={1}>
        <Button onClick={run}>Run query</Button>
        <Button
          variant="secondary"
          onClick={() => {
            tailing?.unsubscribe();
            setTailing(tailing ? undefined : ask(true).subscribe((r) => { setAnswer({ ...r }); }));
          }}
        >
          {tailing ? 'Stop' : 'Live'}
        </Button>
      </Stack>
      <pre data-testid="query" hidden>{JSON.stringify(query)}</pre>
      <Answer ds={ds} query={query} answer={answer} onQuery={(next) => {
        latest.current = next;
        setQuery(next);
        run();
      }} />
    </Stack>
  );
}

function Answer({ ds, query, answer, onQuery }: { ds: LogcenterDatasource; query: Query; answer?: DataQueryResponse; onQuery: (query: Query) => void }) {
  if (!answer) {
    return null;
  }
  const error = answer.errors?.[0];
  return (
    <>
      {error && <Alert severity="error" title={error.message ?? ''}><pre>{error.message}</pre></Alert>}
      {(answer.data as DataFrame[]).map((frame, i) => (
        <table key={i} data-testid="answer" style={{ fontSize: 12, fontFamily: 'monospace', width: '100%' }}>
          <thead>
            <tr>{shown(frame).map((f) => <th key={f.name} style={{ textAlign: 'left' }}>{f.config.displayNameFromDS ?? f.name}</th>)}</tr>
          </thead>
          <tbody>
            {Array.from({ length: Math.min(frame.length, 15) }, (_, row) => (
              <tr key={row}>
                {shown(frame).map((f) => (
                  <td key={f.name} style={{ padding: '1px 8px 1px 0', whiteSpace: 'nowrap', overflow: 'hidden', maxWidth: 700 }}>
                    <button
                      type="button"
                      style={{ all: 'unset', cursor: 'pointer' }}
                      onClick={() => { onQuery(ds.toggleQueryFilter(query, { type: 'FILTER_FOR', options: { key: f.name, value: String(f.values[row]) } })); }}
                    >
                      {f.type === 'time' ? dateTime(f.values[row] as number).format('YYYY-MM-DD HH:mm:ss') : String(f.values[row] ?? '')}
                    </button>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </>
  );
}

function shown(frame: DataFrame) {
  return frame.fields.filter((f) => !['labels', 'labelTypes', 'id'].includes(f.name)).slice(0, 8);
}

function Variable({ ds, range }: { ds: LogcenterDatasource; range: TimeRange }) {
  const support = ds.variables as unknown as { editor: React.ComponentType<any>; query: (request: unknown) => ReturnType<LogcenterDatasource['query']> };
  const [query, setQuery] = useState<VariableQuery>({ refId: 'v' } as VariableQuery);
  const [values, setValues] = useState<string[]>();
  const list = async () => {
    const { data } = await lastValueFrom(support.query({ targets: [query], range, scopedVars: {} }));
    setValues((data[0] as DataFrame | undefined)?.fields[0]?.values.map(String) ?? []);
  };
  return (
    <Stack direction="column" gap={2}>
      <support.editor datasource={ds} query={query} onChange={setQuery} onRunQuery={() => undefined} range={range} />
      <div><Button onClick={() => void list()}>Preview of values</Button></div>
      <ul data-testid="values">{values?.map((v) => <li key={v}>{v}</li>)}</ul>
    </Stack>
  );
}

function Annotation({ ds, range }: { ds: LogcenterDatasource; range: TimeRange }) {
  const Editor = ds.annotations?.QueryEditor as React.ComponentType<any>;
  const [annotation, setAnnotation] = useState<any>({ target: undefined });
  return <Editor datasource={ds} annotation={annotation} query={annotation.target} range={range} onChange={(target: Query) => { setAnnotation({ target }); }} onRunQuery={() => undefined} />;
}
