/** Conditions that a click adds to the text of a query, and takes away again. */
import { valueEnd } from './interpolate';
import { lex } from './lexer';
import { literal, quote } from './quote';

/** A condition on one field, or, without one, on the line. */
export interface Condition {
  field?: string;
  value: string;
  negated?: boolean;
}

/** What text says that must hold: its parts beside each other, or itself if they are alternatives. */
interface Conjunction {
  /** start and end of each part, signs before it included. */
  parts: { start: number; end: number }[];
  /** An OR stands beside the parts, so they are not what must hold. */
  alternatives: boolean;
}

function conjunction(text: string): Conjunction {
  const tokens = lex(text);
  const result: Conjunction = { parts: [], alternatives: false };
  let start = -1;
  for (let i = 0; i < tokens.length; ) {
    const t = tokens[i];
    if (t === undefined) {
      break;
    }
    switch (t.kind) {
      case 'or':
        result.alternatives = true;
        i++;
        continue;
      case 'space':
      case 'and':
        i++;
        continue;
      case 'not':
      case 'sign':
        start = start < 0 ? t.start : start;
        i++;
        continue;
      default:
    }
    const end = valueEnd(tokens, t.kind === 'field' ? i + 1 : i);
    result.parts.push({ start: start < 0 ? t.start : start, end: tokens[end - 1]?.end ?? t.end });
    start = -1;
    i = end;
  }
  return result;
}

/**
 * The elements of a value that is a list of several, as frames show it: JSON. A condition on it asks for events that have all
 * of them. Empty for any other value.
 */
function elements(value: string): string[] {
  if (!value.startsWith('[')) {
    return [];
  }
  try {
    const list: unknown = JSON.parse(value);
    const scalar = (e: unknown) => ['string', 'number', 'boolean'].includes(typeof e);
    return Array.isArray(list) && list.length > 1 && list.every(scalar) ? list.map(String) : [];
  } catch {
    return []; // a text that begins so
  }
}

/** What the condition is made of: itself, or, for a list that must be there, one for each element. */
function single(c: Condition): Condition[] {
  const list = c.field === undefined || c.negated ? [] : elements(c.value);
  return list.length > 0 ? list.map((value) => ({ ...c, value })) : [c];
}

/** The condition as text. */
export function print(c: Condition): string {
  const list = c.field === undefined ? [] : elements(c.value);
  if (list.length > 0) {
    const all = list.map((value) => print({ field: c.field, value })).join(' AND ');
    return c.negated ? `NOT (${all})` : all;
  }
  const value = c.field === undefined ? quote(c.value) : `${c.field}:${literal(c.value)}`;
  return c.negated ? `NOT ${value}` : value;
}

/** The ways in which people, the builder and clicks write a condition, to be recognised. */
function spellings(c: Condition): Set<string> {
  if (c.negated && c.field !== undefined && elements(c.value).length > 0) {
    const all = print({ ...c, negated: false });
    return new Set(['NOT ', '-', '!'].map((s) => `${s}(${all})`));
  }
  const field = c.field === undefined ? '' : `${c.field}:`;
  const values = [quote(c.value), literal(c.value)];
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.@-]*$/u.test(c.value) && !/^(AND|OR|NOT)$/.test(c.value)) {
    values.push(c.value);
  }
  const signs = c.negated ? ['NOT ', '-', '!'] : ['', '+'];
  return new Set(signs.flatMap((s) => values.map((v) => s + field + v)));
}

function find(text: string, c: Condition): { start: number; end: number } | undefined {
  const { parts, alternatives } = conjunction(text);
  if (alternatives) {
    return undefined;
  }
  const known = spellings(c);
  return parts.find(({ start, end }) => known.has(text.slice(start, end).replace(/^(NOT|!)\s+/, (s) => (s.startsWith('!') ? '!' : 'NOT '))));
}

/** Whether text says that the condition must hold. */
export function has(text: string, c: Condition): boolean {
  return single(c).every((one) => find(text, one) !== undefined);
}

/** text with the condition too. */
export function add(text: string, c: Condition): string {
  return single(c).reduce(addOne, text);
}

function addOne(text: string, c: Condition): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '*') {
    return print(c);
  }
  if (has(text, c)) {
    return text;
  }
  return conjunction(text).alternatives ? `(${trimmed}) AND ${print(c)}` : `${trimmed} AND ${print(c)}`;
}

/** text without the condition. */
export function remove(text: string, c: Condition): string {
  return single(c).reduce(removeOne, text);
}

function removeOne(text: string, c: Condition): string {
  const at = find(text, c);
  if (at === undefined) {
    return text;
  }
  const joins = /\s*(\b(AND)\b|&&)?\s*/.source;
  const before = text.slice(0, at.start).replace(new RegExp(joins + '$'), '');
  const behind = text.slice(at.end).replace(new RegExp('^' + joins), '');
  return [before, behind].filter((s) => s !== '').join(' AND ');
}

/** text with the condition if it was not there, without it if it was; its opposite goes either way. */
export function toggle(text: string, c: Condition): string {
  return has(text, c) ? remove(text, c) : add(remove(text, { ...c, negated: !c.negated }), c);
}
