/** What the builder may do with one condition. */
import type { Clause } from '../resources';

/** The operators of the builder, as pkg/builder names them. */
export const OPS = ['is', 'any_of', 'starts', 'like', 'matches', 'matchesi', 'gt', 'gte', 'lt', 'lte', 'between', 'in', 'in_list', 'exists'] as const;
export type Op = (typeof OPS)[number];

/** Those that also go without a field, over the line. */
export const OF_LINES: readonly Op[] = ['is', 'any_of', 'starts', 'like', 'matches', 'matchesi'];

/** How many values an operator has: none, one, two, or as many as one likes. */
export function valuesOf(op: string | undefined): 'none' | 'one' | 'two' | 'many' {
  switch (op) {
    case 'exists':
      return 'none';
    case 'between':
      return 'two';
    case 'any_of':
      return 'many';
    default:
      return 'one';
  }
}

/** Whether the condition says something; else it is still being filled in. */
export function isWhole(c: Clause): boolean {
  if (c.verbatim !== undefined && c.verbatim !== '') {
    return true;
  }
  const values = c.values ?? [];
  switch (valuesOf(c.op)) {
    case 'none':
      return (c.field ?? '') !== '';
    case 'two':
      return (c.field ?? '') !== '' && values.length === 2 && values.every((v) => v !== '');
    case 'many':
      return values.length > 0;
    case 'one':
      return values.length === 1 && values[0] !== '' && ((c.field ?? '') !== '' || OF_LINES.includes(c.op as Op));
  }
}

/** The condition with another operator; what it has of values stays as far as it fits. */
export function withOp(c: Clause, op: Op, negated: boolean): Clause {
  const values = c.values ?? [];
  const kept = { none: [], one: values.slice(0, 1), two: values.slice(0, 2), many: values }[valuesOf(op)];
  return { ...withoutQuotes(c), op, negated, values: kept };
}

/** The condition with other values. */
export function withValues(c: Clause, values: string[]): Clause {
  return { ...withoutQuotes(c), values };
}

/** How values were written says nothing about others. */
function withoutQuotes(c: Clause): Clause {
  const rest = { ...c };
  delete rest.quoted;
  return rest;
}
