/** Inputs that offer what the host knows: fields, values of fields, streams. What is not in the list can be typed all the same. */
import type { TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { Combobox, MultiCombobox, type ComboboxOption } from '@grafana/ui';
import React, { useEffect, useId, useMemo, useState } from 'react';

import { t } from '../i18n';
import type { Resources } from '../resources';
import { ALL_STREAMS } from '../types';

/** What every picker is told. */
export interface Where {
  resources: Resources;
  stream?: string;
  range?: TimeRange;
}

/** Gives a name to one of Grafana's comboboxes, which take it from another element only; without one, a label has it. */
function Named({ name, children }: { name?: string; children: (labelledBy?: string) => React.ReactNode }) {
  const id = useId();
  return (
    <>
      {name !== undefined && (
        <span id={id} hidden>
          {name}
        </span>
      )}
      {children(name === undefined ? undefined : id)}
    </>
  );
}

/**
 * The same object as long as it says the same. Grafana's combobox forgets what somebody is typing when it is given another
 * one, and editors are drawn anew with each answer.
 */
function useSame<T extends object | null>(value: T): T {
  const text = JSON.stringify(value);
  return useMemo(() => JSON.parse(text) as T, [text]);
}

/** Options offered at most: nobody reads on. */
const OFFERED = 200;

/** References to the dashboard's variables, which may stand wherever a value may. */
function variables(): ComboboxOption[] {
  return getTemplateSrv()
    .getVariables()
    .map((v) => ({ value: `$${v.name}`, description: v.label ?? undefined }));
}

function matching(options: ComboboxOption[], typed: string): ComboboxOption[] {
  const wanted = typed.toLowerCase();
  return options.filter((o) => `${o.value} ${o.label ?? ''}`.toLowerCase().includes(wanted)).slice(0, OFFERED);
}

/** Whether a field's values can be calculated with. */
function isNumeric(type: string): boolean {
  return /^(long|double|float|int|integer|number|scaled)/.test(type);
}

async function fieldOptions(where: Where, typed: string, numeric: boolean): Promise<ComboboxOption[]> {
  const fields = await where.resources.fields({ stream: where.stream, range: where.range }).catch(() => []);
  const options = fields
    .filter((f) => !numeric || isNumeric(f.type))
    .map((f) => ({ value: f.name, description: [f.type, f.description].filter(Boolean).join(' · ') }));
  return matching([...options, ...variables()], typed);
}

async function valueOptions(where: Where, field: string, typed: string): Promise<ComboboxOption[]> {
  const values = field === '' ? [] : await where.resources.values(field, { stream: where.stream, range: where.range }, typed).catch(() => []);
  const found = values.map((v) => ({ value: v.text, description: v.count?.toLocaleString() }));
  return [...found.filter((v) => v.value !== ''), ...matching(variables(), typed)];
}

async function listOptions(where: Where, typed: string): Promise<ComboboxOption[]> {
  const lists = await where.resources.watchlists().catch(() => []);
  const options = lists.map((l) => ({ value: l.name, description: [l.type, t('list.entries', { n: (l.entries ?? 0).toLocaleString() }), l.description].filter(Boolean).join(' · ') }));
  return matching([...options, ...variables()], typed);
}

interface OneProps {
  id?: string;
  value?: string;
  onChange: (value: string) => void;
  placeholder?: string;
  width?: number;
  invalid?: boolean;
  'aria-label'?: string;
}

interface ChoiceProps<T extends string> extends Omit<OneProps, 'value' | 'onChange' | 'placeholder'> {
  options: ComboboxOption<T>[];
  value: T;
  onChange: (value: T) => void;
  /** What is typed may be chosen, too. */
  createCustomValue?: boolean;
}

/** Chooses one of a fixed list. */
export function Choice<T extends string>({ options, onChange, 'aria-label': name, ...rest }: ChoiceProps<T>) {
  const same = useSame(options);
  return (
    <Named name={name}>
      {(labelledBy) => (
        <Combobox
          {...rest}
          aria-labelledby={labelledBy}
          options={same}
          onChange={(o) => {
            onChange(o.value);
          }}
        />
      )}
    </Named>
  );
}

interface FieldProps extends OneProps {
  where: Where;
  /** Only fields with numbers are offered. */
  numeric?: boolean;
  /** Offered before the fields. */
  first?: ComboboxOption[];
}

/** Chooses one of the options, or what is typed. What is in known has a text of its own. */
function One({ options, known, value, onChange, width = 32, 'aria-label': name, ...rest }: OneProps & { options: React.ComponentProps<typeof Combobox<string>>['options']; known?: ComboboxOption[] }) {
  const shown = useSame(optional(value, known));
  return (
    <Named name={name}>
      {(labelledBy) => (
        <Combobox
          {...rest}
          aria-labelledby={labelledBy}
          width={width}
          value={shown}
          options={options}
          onChange={(o) => {
            onChange(o?.value ?? '');
          }}
          createCustomValue
          isClearable
        />
      )}
    </Named>
  );
}

/** Chooses a field. */
export function FieldPicker({ where, numeric = false, first = [], placeholder = t('chart.field.placeholder'), ...rest }: FieldProps) {
  return <One {...rest} placeholder={placeholder} known={first} options={async (typed) => [...matching(first, typed), ...(await fieldOptions(where, typed, numeric))]} />;
}

interface ManyProps {
  id?: string;
  values?: string[];
  onChange: (values: string[]) => void;
  placeholder?: string;
  width?: number;
  'aria-label'?: string;
}

/** Chooses some of the options, or what is typed. */
function Many({ options, values = [], onChange, width = 40, 'aria-label': name, ...rest }: ManyProps & { options: React.ComponentProps<typeof MultiCombobox<string>>['options'] }) {
  return (
    <Named name={name}>
      {(labelledBy) => (
        <MultiCombobox
          {...rest}
          aria-labelledby={labelledBy}
          width={width}
          value={values}
          options={options}
          onChange={(chosen) => {
            onChange(chosen.map((o) => o.value));
          }}
          createCustomValue
          isClearable
        />
      )}
    </Named>
  );
}

/** Chooses fields. */
export function FieldsPicker({ where, ...rest }: ManyProps & { where: Where }) {
  return <Many {...rest} options={(typed) => fieldOptions(where, typed, false)} />;
}

/** Chooses a value of a field. */
export function ValuePicker({ where, field, ...rest }: OneProps & { where: Where; field: string }) {
  return <One key={field} {...rest} options={(typed) => valueOptions(where, field, typed)} />;
}

/** Chooses one of the host's lists. */
export function ListPicker({ where, ...rest }: OneProps & { where: Where }) {
  return <One {...rest} options={(typed) => listOptions(where, typed)} />;
}

/** Chooses values of a field. */
export function ValuesPicker({ where, field, ...rest }: ManyProps & { where: Where; field: string }) {
  return <Many key={field} {...rest} options={(typed) => valueOptions(where, field, typed)} />;
}

/** Chooses some of a fixed list, or of one that is loaded; nothing is all. */
export function ChoicePicker({ options, width = 28, placeholder = t('alerts.any'), ...rest }: ManyProps & { options: ComboboxOption[] | (() => Promise<ComboboxOption[]>) }) {
  return (
    <Many
      {...rest}
      width={width}
      placeholder={placeholder}
      options={typeof options === 'function' ? async (typed) => matching([...(await options().catch(() => [])), ...variables()], typed) : [...options, ...variables()]}
    />
  );
}

/** Chooses a stream; none is fallback, or all events. */
export function StreamPicker({ resources, fallback, ...rest }: OneProps & { resources: Resources; fallback?: string }) {
  const [streams, setStreams] = useState<ComboboxOption[]>([]);
  useEffect(() => {
    let gone = false;
    resources.streams().then(
      (found) => {
        if (!gone) {
          setStreams(found.map((s) => ({ value: s.name, description: s.description })));
        }
      },
      () => undefined, // a name can be typed
    );
    return () => {
      gone = true;
    };
  }, [resources]);
  const options = useSame([...(fallback ? [{ value: ALL_STREAMS, label: t('stream.placeholder') }] : []), ...streams, ...variables()]);
  return <One width={28} {...rest} placeholder={fallback ? t('stream.placeholder.of', { stream: fallback }) : t('stream.placeholder')} options={options} />;
}

/** The option of a value, null for none. */
function optional(value: string | undefined, named: ComboboxOption[] = []): ComboboxOption | null {
  return value === undefined || value === '' ? null : (named.find((o) => o.value === value) ?? { value });
}
