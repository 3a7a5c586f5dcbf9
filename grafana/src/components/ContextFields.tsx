import { InlineField, MultiCombobox } from '@grafana/ui';
import React, { useId, useState } from 'react';

import { t } from '../i18n';
import type { ContextField } from '../query/context';

interface Props {
  fields: ContextField[];
  kept: string[];
  onChange: (kept: string[]) => void;
}

/** By what the lines around a line belong to it. */
function ContextFields({ fields, kept: initial, onChange }: Props) {
  const id = useId();
  const [kept, setKept] = useState(initial);
  return (
    <InlineField label={t('context.label')} tooltip={t('context.about')}>
      <MultiCombobox
        width={60}
        id={id}
        options={fields.map((f) => ({ value: f.field, label: `${f.field}: ${f.value}` }))}
        value={kept}
        onChange={(chosen) => {
          const fieldsOf = chosen.map((o) => o.value);
          setKept(fieldsOf);
          onChange(fieldsOf);
        }}
      />
    </InlineField>
  );
}

/** The element, for a datasource, which is no component. */
export function contextMenu(props: Props): React.ReactNode {
  return <ContextFields {...props} />;
}
