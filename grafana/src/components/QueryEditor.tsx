import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { FilterPill, InlineField, InlineFieldRow, InlineLabel, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React, { useId } from 'react';

import { AlertsEditor } from './AlertsEditor';
import { Builder } from './Builder';
import { ChartEditor, type EditorProps } from './ChartEditor';
import { TextInput } from './inputs';
import { Choice, StreamPicker, type Where } from './pickers';
import { QueryField } from './QueryField';
import { RowsEditor } from './RowsEditor';
import { t } from '../i18n';
import { maxLines, migrate } from '../query/query';
import { KINDS, RATES_BY, type Filter, type Kind, type Query } from '../types';

/** The kinds that are of events, and so have a query and a stream. */
const OF_EVENTS: readonly Kind[] = ['logs', 'table', 'metrics', 'volume', 'dead_letters'];

/** Kinds that have no query, whose dead letters have only its words. */
const WITH_ROWS: readonly Kind[] = ['logs', 'table', 'dead_letters'];

interface Props extends Pick<EditorProps, 'datasource' | 'onChange' | 'onRunQuery' | 'query' | 'range'> {
  /** The kinds to choose from. */
  kinds?: readonly Kind[];
}

/** Asks for log lines, charts, alerts and whatever else Logcenter answers. */
export function QueryEditor({ datasource, query: asked, onChange, onRunQuery, range, kinds = KINDS }: Props) {
  const id = useId();
  const styles = useStyles2(getStyles);
  const query = migrate(asked);
  const kind = query.kind ?? 'logs';
  const where: Where = { resources: datasource.resources, stream: query.stream ?? datasource.settings.stream, range };

  /** Changes a part of the query; undefined takes it away. */
  const set = (part: Partial<Query>, run = true) => {
    onChange(Object.fromEntries(Object.entries({ ...query, ...part }).filter(([, v]) => v !== undefined)) as unknown as Query);
    if (run) {
      onRunQuery();
    }
  };

  return (
    <div className={styles.editor}>
      <InlineFieldRow>
        <InlineField label={t('kind.label')} labelWidth={14}>
          <Choice
            id={`${id}-kind`}
            width={28}
            options={kinds.map((value) => ({ value, label: t(`kind.${value}`), description: t(`kind.${value}.about`) }))}
            value={kind}
            onChange={(value) => {
              set({ kind: value, ...(value === 'metrics' && !query.chart && { chart: { kind: 'event_count' as const } }) });
            }}
          />
        </InlineField>
        {OF_EVENTS.includes(kind) && (
          <>
            <InlineField label={t('stream.label')}>
              <StreamPicker id={`${id}-stream`} resources={datasource.resources} fallback={datasource.settings.stream} value={query.stream} onChange={(stream) => { set({ stream: stream || undefined }); }} />
            </InlineField>
            <div className={styles.right}>
              <RadioButtonGroup
                size="sm"
                aria-label={t('editor.label')}
                options={[
                  { value: 'builder' as const, label: t('editor.builder') },
                  { value: 'code' as const, label: t('editor.code') },
                ]}
                value={query.editor ?? 'code'}
                onChange={(editor) => { set({ editor }, false); }}
              />
            </div>
          </>
        )}
      </InlineFieldRow>
      {OF_EVENTS.includes(kind) && (
        <div className={styles.query}>
          <InlineLabel width={14}>{t('query.label')}</InlineLabel>
          {query.editor === 'builder' ? (
            <Builder value={query.query ?? ''} where={where} onChange={(text) => { set({ query: text }); }} onCode={() => { set({ editor: 'code' }, false); }} />
          ) : (
            <QueryField value={query.query ?? ''} onChange={(text) => { set({ query: text }, false); }} onRun={onRunQuery} resources={datasource.resources} stream={where.stream} range={range} />
          )}
        </div>
      )}
      {WITH_ROWS.includes(kind) && <RowsEditor query={query} max={maxLines(datasource.settings)} where={where} onChange={set} />}
      {kind === 'metrics' && (
        <ChartEditor chart={query.chart ?? { kind: 'event_count' }} legend={query.legend} where={where} onChange={(chart) => { set({ chart }); }} onLegend={(legend) => { set({ legend: legend || undefined }); }} />
      )}
      {kind === 'alerts' && <AlertsEditor alerts={query.alerts ?? {}} where={where} onChange={(alerts) => { set({ alerts }); }} />}
      {kind === 'rates' && (
        <InlineField label={t('rates.by')} labelWidth={14}>
          <Choice
            id={`${id}-by`}
            width={28}
            options={RATES_BY.map((value) => ({ value, label: t(`rates.by.${value}`) }))}
            value={query.alerts?.by ?? 'rule'}
            onChange={(value) => { set({ alerts: { ...query.alerts, by: value } }); }}
          />
        </InlineField>
      )}
      {kind === 'explain' && (
        <InlineField label={t('explain.id')} labelWidth={14} tooltip={t('explain.id.about')}>
          <TextInput id={`${id}-event`} width={48} value={query.eventId} onChange={(eventId) => { set({ eventId: eventId.trim() || undefined }); }} />
        </InlineField>
      )}
      <Filters filters={query.filters ?? []} onChange={(filters) => { set({ filters: filters.length > 0 ? filters : undefined }); }} />
    </div>
  );
}

/** The filters that came with a query from a dashboard. */
function Filters({ filters, onChange }: { filters: Filter[]; onChange: (filters: Filter[]) => void }) {
  const styles = useStyles2(getStyles);
  if (filters.length === 0) {
    return null;
  }
  return (
    <div className={styles.filters} role="group" aria-label={t('query.filters')}>
      <InlineLabel width="auto">{t('query.filters')}</InlineLabel>
      {filters.map((f) => {
        const text = `${f.key} ${f.operator} ${(f.values ?? [f.value]).join(', ')}`;
        return <FilterPill key={text} label={text} selected icon="times" aria-label={t('query.filters.remove', { filter: text })} onClick={() => { onChange(filters.filter((other) => other !== f)); }} />;
      })}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  editor: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(0.5) }),
  query: css({ display: 'flex', alignItems: 'flex-start' }),
  right: css({ marginLeft: 'auto', alignSelf: 'center' }),
  filters: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5), alignItems: 'center' }),
});
