import { InlineField, InlineFieldRow, RadioButtonGroup } from '@grafana/ui';
import React, { useId } from 'react';

import { NumberInput } from './inputs';
import { FieldsPicker, type Where } from './pickers';
import { t } from '../i18n';
import type { Query } from '../types';

interface Props {
  query: Query;
  max: number;
  where: Where;
  /** undefined takes a part away */
  onChange: (part: Partial<Query>) => void;
}

/** How many rows, in which order, and which fields of them. */
export function RowsEditor({ query, max, where, onChange }: Props) {
  const id = useId();
  const fields = query.kind === undefined || query.kind === 'logs' || query.kind === 'table';
  return (
    <InlineFieldRow>
      <InlineField label={t('options.limit')} labelWidth={14} tooltip={t('options.limit.about', { max: max.toLocaleString() })}>
        <NumberInput id={`${id}-limit`} min={1} max={100000} placeholder={String(max)} value={query.limit} onChange={(limit) => { onChange({ limit }); }} />
      </InlineField>
      {fields && (
        <>
          <InlineField label={t('options.order')}>
            <RadioButtonGroup
              aria-label={t('options.order')}
              options={[
                { value: false, label: t('options.order.newest') },
                { value: true, label: t('options.order.oldest') },
              ]}
              value={query.oldest ?? false}
              onChange={(oldest) => { onChange({ oldest: oldest || undefined }); }}
            />
          </InlineField>
          <InlineField label={t('options.fields')} tooltip={t('options.fields.about')}>
            <FieldsPicker
              id={`${id}-fields`}
              where={where}
              placeholder={t('options.fields.placeholder')}
              values={query.fields}
              onChange={(chosen) => { onChange({ fields: chosen.length > 0 ? chosen : undefined }); }}
            />
          </InlineField>
        </>
      )}
    </InlineFieldRow>
  );
}
