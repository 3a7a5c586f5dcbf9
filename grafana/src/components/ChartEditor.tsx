import type { QueryEditorProps } from '@grafana/data';
import { InlineField, InlineFieldRow, InlineSwitch, MultiCombobox } from '@grafana/ui';
import React, { useId } from 'react';

import { Comparisons, Levels, Ranges } from './chartLists';
import { NumberInput, NumbersInput, TextInput } from './inputs';
import { Choice, FieldPicker, FieldsPicker, type Where } from './pickers';
import type { LogcenterDatasource } from '../datasource';
import { t } from '../i18n';
import { asChart } from '../query/query';
import { CALCS, CHARTS, type Chart, type ChartKind, type Query, type Settings } from '../types';

export type EditorProps = QueryEditorProps<LogcenterDatasource, Query, Settings>;

interface Props {
  chart: Chart;
  legend?: string;
  where: Where;
  onChange: (chart: Chart) => void;
  onLegend: (legend: string) => void;
}

/** What each kind of chart can be told, beside its kind. */
const OPTIONS: Record<ChartKind, readonly Option[]> = {
  event_count: ['by', 'interval', 'previous', 'compare', 'as', 'legend'],
  time_segments: ['field', 'calcs', 'by', 'interval', 'timeZone', 'previous', 'compare', 'as', 'legend'],
  numeric_ranges: ['field', 'ranges', 'by', 'previous', 'compare', 'as', 'legend'],
  time_histogram: ['interval', 'timeZone', 'by', 'previous', 'compare', 'as', 'legend'],
  histogram: ['field', 'width', 'compare'],
  terms: ['field', 'size', 'other', 'missing', 'previous', 'compare', 'as', 'legend'],
  field_stats: ['field', 'calcs', 'by', 'previous', 'compare'],
  percentiles: ['field', 'percents', 'by', 'previous', 'compare', 'as'],
  drill_down: ['levels', 'calcs'],
  geo: ['place', 'places', 'zoom'],
};

type Option =
  | 'field' | 'place' | 'by' | 'calcs' | 'interval' | 'timeZone' | 'width' | 'ranges' | 'percents' | 'size' | 'places' | 'other'
  | 'missing' | 'zoom' | 'levels' | 'as' | 'previous' | 'compare' | 'legend';

/** Fields with numbers only; others count any field. */
const NUMERIC: readonly ChartKind[] = ['time_segments', 'numeric_ranges', 'histogram', 'field_stats', 'percentiles'];

/** The chart of a query, and what can be said about it. */
export function ChartEditor(props: Props) {
  const id = useId();
  const { chart, onChange } = props;
  return (
    <>
      <InlineFieldRow>
        <InlineField label={t('chart.label')} labelWidth={14}>
          <Choice
            id={`${id}-kind`}
            width={32}
            options={CHARTS.map((kind) => ({ value: kind, label: t(`chart.${kind}`), description: t(`chart.${kind}.about`) }))}
            value={chart.kind}
            onChange={(value) => {
              onChange(asChart(value, chart));
            }}
          />
        </InlineField>
        {OPTIONS[chart.kind].map((option) => (
          <OptionField key={option} option={option} id={`${id}-${option}`} {...props} />
        ))}
      </InlineFieldRow>
    </>
  );
}

/** Without what is empty, so that the JSON of dashboards stays short. */
function trimmed(chart: Chart): Chart {
  return Object.fromEntries(Object.entries(chart).filter(([, v]) => v !== undefined && v !== '' && v !== false && !(Array.isArray(v) && v.length === 0))) as unknown as Chart;
}

function OptionField({ option, id, chart, legend, where, onChange, onLegend }: Props & { option: Option; id: string }) {
  const set = (part: Partial<Chart>) => {
    onChange(trimmed({ ...chart, ...part }));
  };
  switch (option) {
    case 'field':
      return (
        <InlineField label={t('chart.field')}>
          <FieldPicker id={id} where={where} numeric={NUMERIC.includes(chart.kind)} value={chart.field} onChange={(field) => { set({ field }); }} />
        </InlineField>
      );
    case 'place':
      return (
        <InlineField label={t('chart.geo.field')}>
          <FieldPicker id={id} where={where} placeholder={t('chart.geo.field.placeholder')} value={chart.field} onChange={(field) => { set({ field }); }} />
        </InlineField>
      );
    case 'by':
      return (
        <InlineField label={t('chart.by')} tooltip={t('chart.by.about')}>
          <FieldsPicker
            id={id}
            where={where}
            placeholder={t('chart.by.placeholder')}
            values={chart.by?.map((l) => l.field)}
            onChange={(fields) => { set({ by: fields.map((field) => chart.by?.find((l) => l.field === field) ?? { field }) }); }}
          />
        </InlineField>
      );
    case 'calcs':
      return (
        <InlineField label={t('chart.calcs')}>
          <MultiCombobox
            id={id}
            width={32}
            options={CALCS.map((calc) => ({ value: calc, label: t(`chart.calc.${calc}`) }))}
            value={chart.calcs ?? []}
            onChange={(chosen) => { set({ calcs: chosen.map((o) => o.value) }); }}
          />
        </InlineField>
      );
    case 'levels':
      return <Levels levels={chart.by ?? []} where={where} onChange={(by) => { onChange({ ...chart, by }); }} />;
    case 'ranges':
      return <Ranges ranges={chart.ranges ?? []} onChange={(ranges) => { onChange({ ...chart, ranges }); }} />;
    case 'compare':
      return <Comparisons comparisons={chart.compare ?? []} where={where} onChange={(compare) => { set({ compare }); }} />;
    case 'interval':
    case 'timeZone':
    case 'missing':
      return (
        <InlineField label={t(`chart.${option}`)} tooltip={t(`chart.${option}.about`)}>
          <TextInput id={id} width={option === 'timeZone' ? 20 : 14} value={chart[option]} onChange={(v) => { set({ [option]: v.trim() }); }} />
        </InlineField>
      );
    case 'width':
      return (
        <InlineField label={t('chart.width')} tooltip={t('chart.width.about')}>
          <NumberInput id={id} fractions min={0} value={chart.width} onChange={(width) => { set({ width }); }} />
        </InlineField>
      );
    case 'percents':
      return <NumbersInput id={id} label={t('chart.percents')} tooltip={t('chart.percents.about')} values={chart.percents} onChange={(percents) => { set({ percents }); }} />;
    case 'size':
    case 'places':
      return (
        <InlineField label={t('chart.size')} tooltip={option === 'places' ? t('chart.size.places.about') : t('chart.size.about', { default: 10 })}>
          <NumberInput id={id} min={1} max={10000} value={chart.size} onChange={(size) => { set({ size }); }} />
        </InlineField>
      );
    case 'zoom':
      return (
        <InlineField label={t('chart.zoom')} tooltip={t('chart.zoom.about')}>
          <NumberInput id={id} min={1} max={29} value={chart.zoom} onChange={(zoom) => { set({ zoom }); }} />
        </InlineField>
      );
    case 'other':
      return (
        <InlineField label={t('chart.other')} tooltip={t('chart.other.about')}>
          <InlineSwitch id={id} value={chart.other ?? false} onChange={(e) => { set({ other: e.currentTarget.checked }); }} />
        </InlineField>
      );
    case 'as':
      return (
        <InlineField label={t('chart.as')}>
          <Choice
            id={id}
            width={20}
            options={(['auto', 'series', 'table'] as const).map((as) => ({ value: as, label: t(`chart.as.${as}`) }))}
            value={chart.as === undefined || chart.as === '' ? 'auto' : chart.as}
            onChange={(value) => { set({ as: value === 'auto' ? '' : value }); }}
          />
        </InlineField>
      );
    case 'previous':
      return (
        <InlineField label={t('chart.previous')} tooltip={t('chart.previous.about')}>
          <Choice
            id={id}
            width={22}
            options={[
              { value: 'none', label: t('chart.previous.none') },
              { value: 'range', label: t('chart.previous.range') },
              { value: '1d', label: t('chart.previous.day') },
              { value: '1w', label: t('chart.previous.week') },
            ]}
            value={chart.previous === undefined || chart.previous === '' ? 'none' : chart.previous}
            onChange={(value) => { set({ previous: value === 'none' ? '' : value }); }}
            createCustomValue
          />
        </InlineField>
      );
    case 'legend':
      return (
        <InlineField label={t('options.legend')} tooltip={t('options.legend.about')}>
          <TextInput id={id} width={20} placeholder={t('options.legend.placeholder')} value={legend} onChange={onLegend} />
        </InlineField>
      );
  }
}
