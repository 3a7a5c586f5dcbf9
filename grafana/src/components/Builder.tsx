import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, Button, IconButton, InlineField, InlineLabel, RadioButtonGroup, Stack, useStyles2, type ComboboxOption } from '@grafana/ui';
import React, { useEffect, useRef, useState } from 'react';

import { TextInput } from './inputs';
import { Choice, FieldPicker, ListPicker, ValuePicker, ValuesPicker, type Where } from './pickers';
import { t, type Key } from '../i18n';
import { OF_LINES, OPS, isWhole, valuesOf, withOp, withValues, type Op } from '../query/builder';
import type { BuilderForm, Clause } from '../resources';

interface Props {
  value: string;
  onChange: (value: string) => void;
  onCode: () => void;
  where: Where;
}

/** Stands for no field in a list, where the empty text would be nothing chosen. */
const LINE = '(line)';

/**
 * A query as conditions to choose from lists. The backend makes conditions of the text and text of the conditions; what is
 * only half filled in stays here until it is whole.
 */
export function Builder({ value, onChange, onCode, where }: Props) {
  const styles = useStyles2(getStyles);
  const [form, setForm] = useState<BuilderForm>();
  const [problem, setProblem] = useState('');
  /** The text that form is of. */
  const shown = useRef<string>();
  const latest = useRef(0);
  const { resources } = where;

  useEffect(() => {
    if (value === shown.current) {
      return undefined;
    }
    let stale = false;
    resources.parse(value).then(
      (parsed) => {
        if (!stale) {
          shown.current = value;
          setForm(parsed);
          setProblem('');
        }
      },
      (e: unknown) => {
        if (!stale) {
          setProblem(reason(e));
        }
      },
    );
    return () => {
      stale = true;
    };
  }, [resources, value]);

  const change = (next: BuilderForm) => {
    setForm(next);
    latest.current++;
    const mine = latest.current;
    resources.print({ ...next, clauses: next.clauses.filter(isWhole) }).then(
      (text) => {
        if (mine === latest.current && text !== shown.current) {
          shown.current = text;
          onChange(text);
        }
        setProblem('');
      },
      (e: unknown) => {
        setProblem(reason(e));
      },
    );
  };
  const clauses = form?.clauses ?? [];
  const replace = (n: number, c: Clause[]) => {
    change({ join: form?.join ?? 'AND', clauses: [...clauses.slice(0, n), ...c, ...clauses.slice(n + 1)] });
  };

  if (problem !== '' && form === undefined) {
    return (
      <Alert severity="warning" title={t('builder.broken', { message: problem })} buttonContent={t('builder.to.code')} onRemove={onCode} />
    );
  }
  return (
    <div className={styles.builder}>
      {clauses.length > 1 && (
        <InlineField label={t('builder.join')} labelWidth="auto">
          <RadioButtonGroup
            aria-label={t('builder.join')}
            options={[
              { value: 'AND' as const, label: t('builder.join.and') },
              { value: 'OR' as const, label: t('builder.join.or') },
            ]}
            value={form?.join}
            onChange={(join) => {
              change({ join, clauses });
            }}
          />
        </InlineField>
      )}
      {clauses.length === 0 && form && <div className={styles.note}>{t('builder.empty')}</div>}
      {clauses.map((c, n) => (
        // Conditions have no name of their own, and are only added at the end.
        <Row
          key={n}
          n={n + 1}
          clause={c}
          where={where}
          onChange={(next) => {
            replace(n, next ? [next] : []);
          }}
        />
      ))}
      {problem !== '' && <Alert severity="warning" title={problem} />}
      <Stack alignItems="center" gap={2} wrap="wrap">
        <Button
          variant="secondary"
          size="sm"
          icon="plus"
          disabled={form === undefined}
          onClick={() => {
            setForm({ join: form?.join ?? 'AND', clauses: [...clauses, { op: 'is', values: [] }] });
          }}
        >
          {t('builder.add')}
        </Button>
        {value !== '' && (
          <span className={styles.note}>
            {t('builder.preview')}: <code data-testid="builder-text">{value}</code>
          </span>
        )}
      </Stack>
    </div>
  );
}

interface RowProps {
  n: number;
  clause: Clause;
  where: Where;
  /** undefined removes the condition */
  onChange: (clause: Clause | undefined) => void;
}

function Row({ n, clause, where, onChange }: RowProps) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.row} role="group" aria-label={t('builder.condition', { n })}>
      {clause.verbatim ? (
        <>
          <InlineLabel width="auto" tooltip={t('builder.verbatim.about')}>
            {t('builder.verbatim')}
          </InlineLabel>
          <code className={styles.verbatim}>
            {clause.negated && 'NOT '}
            {clause.verbatim}
          </code>
        </>
      ) : (
        <Condition n={n} clause={clause} where={where} onChange={onChange} />
      )}
      <IconButton
        name="trash-alt"
        aria-label={t('builder.remove', { n })}
        tooltip={t('builder.remove', { n })}
        onClick={() => {
          onChange(undefined);
        }}
      />
    </div>
  );
}

function Condition({ n, clause, where, onChange }: RowProps) {
  const field = clause.field ?? '';
  return (
    <>
      <FieldPicker
        where={where}
        first={[{ value: LINE, label: t('builder.line'), description: t('builder.line.about') }]}
        value={field === '' && (clause.values ?? []).length > 0 ? LINE : field}
        placeholder={t('builder.field.placeholder')}
        aria-label={t('builder.field', { n })}
        onChange={(chosen) => {
          const next = chosen === LINE ? '' : chosen;
          const op: Op = next === '' && !OF_LINES.includes(clause.op as Op) ? 'is' : ((clause.op ?? 'is') as Op);
          onChange({ ...withOp(clause, op, clause.negated ?? false), field: next });
        }}
      />
      <Choice
        width={24}
        aria-label={t('builder.op', { n })}
        options={operators(field === '')}
        value={`${clause.op ?? 'is'}${clause.negated ? '.not' : ''}`}
        onChange={(value) => {
          onChange(withOp(clause, value.replace('.not', '') as Op, value.endsWith('.not')));
        }}
      />
      <Values n={n} clause={clause} where={where} onChange={onChange} />
    </>
  );
}

function operators(line: boolean): ComboboxOption[] {
  const ops = line ? OF_LINES : OPS;
  return ops.flatMap((op) => ['', '.not'].map((not) => ({ value: op + not, label: t(`op.${op}${not}` as Key) })));
}

function Values({ n, clause, where, onChange }: RowProps) {
  const values = clause.values ?? [];
  const one = {
    'aria-label': t('builder.value', { n }),
    placeholder: t('builder.value.placeholder'),
    value: values[0] ?? '',
    onChange: (v: string) => {
      onChange(withValues(clause, [v, ...values.slice(1)]));
    },
  };
  switch (valuesOf(clause.op)) {
    case 'none':
      return null;
    case 'many':
      return (
        <ValuesPicker
          where={where}
          field={clause.field ?? ''}
          values={values}
          aria-label={one['aria-label']}
          placeholder={one.placeholder}
          onChange={(all) => {
            onChange(withValues(clause, all));
          }}
        />
      );
    case 'two':
      return (
        <>
          <TextInput {...one} width={16} />
          <TextInput
            {...one}
            width={16}
            aria-label={t('builder.value.to', { n })}
            value={values[1] ?? ''}
            onChange={(v) => {
              onChange(withValues(clause, [values[0] ?? '', v]));
            }}
          />
        </>
      );
    case 'one':
      if (clause.op === 'in_list') {
        return <ListPicker {...one} aria-label={t('builder.list', { n })} where={where} placeholder={t('builder.list.placeholder')} />;
      }
      return clause.op === 'is' && clause.field ? <ValuePicker {...one} where={where} field={clause.field} /> : <TextInput {...one} width={32} />;
  }
}

/** The message of an error of the backend. */
function reason(e: unknown): string {
  const data = (e as { data?: { message?: string; error?: string | { message?: string } } }).data;
  const inner = typeof data?.error === 'string' ? data.error : data?.error?.message;
  return inner ?? data?.message ?? (e instanceof Error ? e.message : String(e));
}

const getStyles = (theme: GrafanaTheme2) => ({
  builder: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(0.5), flexGrow: 1, minWidth: 0 }),
  row: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(0.5) }),
  verbatim: css({ whiteSpace: 'pre-wrap', padding: theme.spacing(0.5, 1), overflowWrap: 'anywhere' }),
  note: css({ overflowWrap: 'anywhere', '& code': { whiteSpace: 'pre-wrap', boxDecorationBreak: 'clone' }, color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
});
