/** The lists of a chart: levels of a drill-down, ranges of numbers, other queries beside it. */
import { Button, IconButton, InlineField, Stack } from '@grafana/ui';
import React from 'react';

import { NumberInput, TextInput } from './inputs';
import { FieldPicker, type Where } from './pickers';
import { t, type Key } from '../i18n';
import type { Compare, Level, Range } from '../types';

/** Levels at most, as in pkg/model. */
const MAX_LEVELS = 5;

interface ListProps<T> {
  label: string;
  tooltip?: string;
  items: T[];
  empty: T;
  max?: number;
  add: Key;
  remove: Key;
  onChange: (items: T[]) => void;
  row: (item: T, n: number, change: (item: T) => void) => React.ReactNode;
}

function List<T>({ label, tooltip, items, empty, max = Infinity, add, remove, onChange, row }: ListProps<T>) {
  return (
    <InlineField label={label} tooltip={tooltip}>
      <Stack direction="column" gap={0.5}>
        {items.map((item, i) => (
          <Stack key={i} direction="row" gap={0.5} alignItems="center" wrap="wrap">
            {row(item, i + 1, (next) => {
              onChange(items.map((old, at) => (at === i ? next : old)));
            })}
            <IconButton
              name="trash-alt"
              aria-label={t(remove, { n: i + 1 })}
              tooltip={t(remove, { n: i + 1 })}
              onClick={() => {
                onChange(items.filter((_, n) => n !== i));
              }}
            />
          </Stack>
        ))}
        {items.length < max && (
          <div>
            <Button
              variant="secondary"
              size="sm"
              icon="plus"
              onClick={() => {
                onChange([...items, empty]);
              }}
            >
              {t(add)}
            </Button>
          </div>
        )}
      </Stack>
    </InlineField>
  );
}

export function Levels({ levels, where, onChange }: { levels: Level[]; where: Where; onChange: (levels: Level[]) => void }) {
  return (
    <List
      label={t('chart.levels')}
      items={levels}
      empty={{ field: '' }}
      max={MAX_LEVELS}
      add="chart.level.add"
      remove="chart.level.remove"
      onChange={onChange}
      row={(level, n, change) => (
        <>
          <FieldPicker where={where} aria-label={t('chart.level.field', { n })} value={level.field} onChange={(field) => { change({ ...level, field }); }} />
          <NumberInput
            aria-label={t('chart.level.size', { n })}
            placeholder="10"
            width={8}
            min={1}
            max={10000}
            value={level.size}
            onChange={(size) => { change({ field: level.field, ...(size !== undefined && { size }) }); }}
          />
        </>
      )}
    />
  );
}

export function Ranges({ ranges, onChange }: { ranges: Range[]; onChange: (ranges: Range[]) => void }) {
  return (
    <List
      label={t('chart.ranges')}
      tooltip={t('chart.ranges.about')}
      items={ranges}
      // The next range begins where the last one ends.
      empty={ranges.at(-1)?.to === undefined ? {} : { from: ranges.at(-1)?.to }}
      add="chart.range.add"
      remove="chart.range.remove"
      onChange={onChange}
      row={(range, n, change) => (
        <>
          <NumberInput aria-label={t('chart.range.from', { n })} placeholder={t('chart.from.placeholder')} fractions width={10} value={range.from} onChange={(from) => { change(ends(range, { from })); }} />
          <NumberInput aria-label={t('chart.range.to', { n })} placeholder={t('chart.to.placeholder')} fractions width={10} value={range.to} onChange={(to) => { change(ends(range, { to })); }} />
          <TextInput aria-label={t('chart.range.name', { n })} placeholder={t('chart.name.placeholder')} width={14} value={range.name} onChange={(name) => { change(ends(range, { name: name || undefined })); }} />
        </>
      )}
    />
  );
}

/** A range with a part changed; undefined removes it. */
function ends(range: Range, part: Partial<Record<keyof Range, unknown>>): Range {
  return Object.fromEntries(Object.entries({ ...range, ...part }).filter(([, v]) => v !== undefined));
}

export function Comparisons({ comparisons, where, onChange }: { comparisons: Compare[]; where: Where; onChange: (comparisons: Compare[]) => void }) {
  return (
    <List
      label={t('chart.compare')}
      tooltip={t('chart.compare.about')}
      items={comparisons}
      empty={{ query: '' }}
      max={10}
      add="chart.compare.add"
      remove="chart.compare.remove"
      onChange={onChange}
      row={(other, n, change) => (
        <>
          <TextInput aria-label={t('chart.compare.name', { n })} placeholder={t('chart.name.placeholder')} width={14} value={other.name} onChange={(name) => { change({ ...other, name }); }} />
          <TextInput
            aria-label={t('chart.compare.query', { n })}
            placeholder={t('chart.compare.query.placeholder')}
            width={40}
            value={other.query}
            onChange={(query) => { change({ ...other, query }); }}
          />
          <FieldPicker
            where={where}
            aria-label={t('chart.compare.field', { n })}
            placeholder={t('chart.compare.field.placeholder')}
            width={24}
            value={other.field}
            onChange={(field) => { change({ query: other.query, ...(other.name && { name: other.name }), ...(field && { field }) }); }}
          />
        </>
      )}
    />
  );
}
