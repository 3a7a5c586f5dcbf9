/** Queries from other datasources of logs, and for them: what is the same in all is conditions on fields. */
import { AbstractLabelOperator, type AbstractLabelMatcher, type AbstractQuery } from '@grafana/data';

import { add } from '../language/filter';
import { lex } from '../language/lexer';
import { VERSION, type Query } from '../types';

/** A query for the same, asked of another datasource before. */
export function fromAbstract(query: AbstractQuery): Query {
  let text = '';
  for (const m of query.labelMatchers) {
    const negated = m.operator === AbstractLabelOperator.NotEqual || m.operator === AbstractLabelOperator.NotEqualRegEx;
    if (m.operator === AbstractLabelOperator.Equal || m.operator === AbstractLabelOperator.NotEqual) {
      text = add(text, { field: m.name, value: m.value, negated });
    } else {
      // These expressions match the whole value elsewhere.
      const clause = `${negated ? 'NOT ' : ''}${m.name}:/^(${m.value.replace(/\//g, '\\/')})$/`;
      text = text === '' ? clause : `${text} AND ${clause}`;
    }
  }
  return { v: VERSION, refId: query.refId, kind: 'logs', editor: 'code', query: text };
}

/** The conditions on fields of a query that is nothing but some that must all hold. */
export function toAbstract(query: Query): AbstractQuery {
  const text = query.query ?? '';
  const tokens = lex(text).filter((t) => t.kind !== 'space');
  const labelMatchers: AbstractLabelMatcher[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const [t, value] = [tokens[i], tokens[i + 1]];
    if (t?.kind === 'or' || t?.kind === 'open') {
      return { refId: query.refId, labelMatchers: [] };
    }
    if (t?.kind !== 'field' || value === undefined || (value.kind !== 'quoted' && value.kind !== 'word')) {
      continue;
    }
    const raw = text.slice(value.start, value.end);
    if (value.kind === 'word' && /[*?\\]/.test(raw)) {
      continue;
    }
    const before = tokens[i - 1];
    const negated = before?.kind === 'not' || (before?.kind === 'sign' && text[before.start] === '-');
    labelMatchers.push({
      name: text.slice(t.start, t.end - 1),
      value: value.kind === 'quoted' ? raw.slice(1, -1).replace(/\\(["\\])/g, '$1') : raw,
      operator: negated ? AbstractLabelOperator.NotEqual : AbstractLabelOperator.Equal,
    });
  }
  return { refId: query.refId, labelMatchers };
}
