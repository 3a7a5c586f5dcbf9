/** Inputs that tell when they are left, not with each key: each change of a query may run it. */
import { InlineField, Input } from '@grafana/ui';
import React, { useState } from 'react';

import { t } from '../i18n';

interface TextProps {
  id?: string;
  value?: string;
  onChange: (value: string) => void;
  width?: number;
  placeholder?: string;
  invalid?: boolean;
  'aria-label'?: string;
}

/** One line of text. */
export function TextInput({ value = '', onChange, ...rest }: TextProps) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  if (value !== given) {
    setGiven(value);
    setText(value);
  }
  const commit = () => {
    if (text !== value) {
      onChange(text);
    }
  };
  return (
    <Input
      {...rest}
      value={text}
      onChange={(e) => {
        setText(e.currentTarget.value);
      }}
      onBlur={commit}
      onKeyDown={(e) => {
        if (e.key === 'Enter') {
          commit();
        }
      }}
    />
  );
}

interface NumberProps extends Omit<TextProps, 'value' | 'onChange'> {
  value?: number;
  onChange: (value: number | undefined) => void;
  min?: number;
  max?: number;
  /** Also fractions. */
  fractions?: boolean;
}

/** A number, or nothing. What is no number is shown as wrong, and not told to anybody. */
export function NumberInput({ value, onChange, min = -Infinity, max = Infinity, fractions = false, ...rest }: NumberProps) {
  const [wrong, setWrong] = useState(false);
  return (
    <TextInput
      {...rest}
      width={rest.width ?? 12}
      invalid={wrong}
      value={value === undefined ? '' : String(value)}
      onChange={(text) => {
        const n = number(text, fractions);
        const fits = n === undefined || (n >= min && n <= max);
        setWrong(!fits);
        if (fits) {
          onChange(n);
        }
      }}
    />
  );
}

function number(text: string, fractions: boolean): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') {
    return undefined;
  }
  const n = Number(trimmed);
  return fractions || Number.isInteger(n) ? n : NaN;
}

/** Numbers with commas between them; undefined if one of them is none. */
export function numbers(text: string): number[] | undefined {
  const found = text.split(/[,，;\s]+/).filter((s) => s !== '').map(Number);
  return found.every((n) => Number.isFinite(n)) ? found : undefined;
}

/** A list of numbers. */
export function NumbersInput({ values = [], onChange, label, tooltip, id }: { values?: number[]; onChange: (values: number[]) => void; label: string; tooltip: string; id: string }) {
  const [wrong, setWrong] = useState(false);
  return (
    <InlineField label={label} tooltip={tooltip} invalid={wrong} error={t('number.invalid')}>
      <TextInput
        id={id}
        width={24}
        placeholder="50, 90, 95, 99"
        value={values.join(', ')}
        onChange={(text) => {
          const found = numbers(text);
          setWrong(found === undefined);
          if (found) {
            onChange(found);
          }
        }}
      />
    </InlineField>
  );
}
