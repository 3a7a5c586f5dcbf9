import { InlineField, InlineFieldRow, InlineSwitch } from '@grafana/ui';
import React, { useId } from 'react';

import { TextInput } from './inputs';
import { ChoicePicker, ValuesPicker, type Where } from './pickers';
import { t } from '../i18n';
import type { AlertFilter } from '../types';

interface Props {
  alerts: AlertFilter;
  onChange: (alerts: AlertFilter) => void;
  where: Where;
}

const STATES = ['open', 'acknowledged', 'closed'] as const;
const SEVERITIES = ['Fatal', 'Error', 'Warn', 'Info', 'Debug'] as const;
const KINDS = ['alert', 'recovery', 'summary', 'escalation', 'test', 'all'] as const;

/** Which alerts. */
export function AlertsEditor({ alerts, onChange, where }: Props) {
  const id = useId();
  const set = (part: AlertFilter) => {
    onChange(Object.fromEntries(Object.entries({ ...alerts, ...part }).filter(([, v]) => v !== '' && v !== false && !(Array.isArray(v) && v.length === 0))));
  };
  return (
    <InlineFieldRow>
      <InlineField label={t('alerts.severities')} labelWidth={14}>
        <ChoicePicker id={`${id}-severities`} options={SEVERITIES.map((value) => ({ value }))} values={alerts.severities} onChange={(severities) => { set({ severities }); }} />
      </InlineField>
      <InlineField label={t('alerts.states')}>
        <ChoicePicker id={`${id}-states`} options={STATES.map((value) => ({ value, label: t(`alerts.state.${value}`) }))} values={alerts.states} onChange={(states) => { set({ states }); }} />
      </InlineField>
      <InlineField label={t('alerts.rules')}>
        <ChoicePicker
          id={`${id}-rules`}
          width={40}
          options={async () => (await where.resources.rules()).map((r) => ({ value: r.id, label: r.name || r.id, description: [r.severity, r.type].filter(Boolean).join(' · ') }))}
          values={alerts.rules}
          onChange={(rules) => { set({ rules }); }}
        />
      </InlineField>
      <InlineField label={t('alerts.devices')}>
        <ValuesPicker id={`${id}-devices`} where={where} field="host.name" placeholder={t('alerts.any')} values={alerts.devices} onChange={(devices) => { set({ devices }); }} />
      </InlineField>
      <InlineField label={t('alerts.kinds')} tooltip={t('alerts.kinds.about')}>
        <ChoicePicker
          id={`${id}-kinds`}
          placeholder={t('alerts.kind.alert')}
          options={KINDS.map((value) => ({ value, label: t(`alerts.kind.${value}`) }))}
          values={alerts.kinds}
          onChange={(kinds) => { set({ kinds }); }}
        />
      </InlineField>
      <InlineField label={t('alerts.text')} tooltip={t('alerts.text.about')}>
        <TextInput id={`${id}-text`} width={24} value={alerts.text} onChange={(text) => { set({ text }); }} />
      </InlineField>
      <InlineField label={t('alerts.repeats')} tooltip={t('alerts.repeats.about')}>
        <InlineSwitch id={`${id}-repeats`} value={alerts.repeats ?? false} onChange={(e) => { set({ repeats: e.currentTarget.checked }); }} />
      </InlineField>
    </InlineFieldRow>
  );
}
