import type { QueryEditorProps } from '@grafana/data';
import { InlineField, Stack } from '@grafana/ui';
import React, { useId } from 'react';

import { NumberInput } from './inputs';
import { Choice, FieldPicker, StreamPicker } from './pickers';
import { QueryField } from './QueryField';
import type { LogcenterDatasource } from '../datasource';
import { t } from '../i18n';
import { VARIABLE_KINDS, type Query, type Settings, type VariableQuery } from '../types';

type Props = QueryEditorProps<LogcenterDatasource, Query, Settings, VariableQuery>;

/** What a variable of a dashboard lists. */
export function VariableQueryEditor({ datasource, query, onChange, range }: Props) {
  const id = useId();
  const kind = (query.kind as VariableQuery['kind'] | undefined) ?? 'values';
  const { resources } = datasource;
  const stream = query.stream ?? datasource.settings.stream;
  const set = (part: Partial<VariableQuery>) => {
    const next = { ...query, refId: query.refId || 'variable', kind, ...part };
    onChange(Object.fromEntries(Object.entries(next).filter(([, v]) => v !== undefined && v !== '')) as unknown as VariableQuery);
  };
  return (
    <Stack direction="column" gap={0.5}>
      <InlineField label={t('variable.kind')} labelWidth={16}>
        <Choice id={`${id}-kind`} width={32} options={VARIABLE_KINDS.map((value) => ({ value, label: t(`variable.kind.${value}`) }))} value={kind} onChange={(value) => { set({ kind: value }); }} />
      </InlineField>
      {kind === 'values' && (
        <InlineField label={t('variable.field')} labelWidth={16}>
          <FieldPicker id={`${id}-field`} where={{ resources, stream, range }} value={query.field} onChange={(field) => { set({ field }); }} />
        </InlineField>
      )}
      {(kind === 'values' || kind === 'fields') && (
        <>
          <InlineField label={t('stream.label')} labelWidth={16}>
            <StreamPicker id={`${id}-stream`} width={32} resources={resources} fallback={datasource.settings.stream} value={query.stream} onChange={(v) => { set({ stream: v }); }} />
          </InlineField>
          <InlineField label={t('variable.query')} labelWidth={16} tooltip={t('variable.query.about')} grow>
            <QueryField label={t('variable.query')} value={query.query ?? ''} onChange={(text) => { set({ query: text }); }} resources={resources} stream={stream} range={range} />
          </InlineField>
          <InlineField label={t('variable.size')} labelWidth={16}>
            <NumberInput id={`${id}-size`} min={1} max={1000} placeholder="1000" value={query.size} onChange={(size) => { set({ size }); }} />
          </InlineField>
        </>
      )}
    </Stack>
  );
}
