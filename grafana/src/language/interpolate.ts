/**
 * Grafana's variables in the text of a query. A value is always meant as it is, wherever it stands: in quotes, in a
 * regular expression, in the middle of a word, behind a field. Several values become alternatives. So no value of a
 * variable can make a query mean something else. ${name:raw} puts text in as it is, for who wants a variable that holds a
 * piece of a query; so does a variable's own "custom all value".
 */
import { lex, VARIABLE, type Token } from './lexer';
import { escapeRegex, escapeWord, literal } from './quote';

/** What a reference to a variable stands for: its values, text to be put in as it is, or nothing if nobody knows it. */
export type Resolved = { values: string[] } | { text: string } | undefined;

/** Finds out what a reference such as $host or ${host:csv} stands for. */
export type Resolve = (reference: string) => Resolved;

const references = new RegExp(VARIABLE.source, 'g');

/** At most so many alternatives are made of one word that has several variables with several values. */
const MAX_ALTERNATIVES = 1000;

/** text with all variables that resolve knows. */
export function interpolate(text: string, resolve: Resolve): string {
  if (!new RegExp(VARIABLE.source).test(text)) {
    return text;
  }
  const tokens = lex(text);
  let out = '';
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i] as Token;
    const raw = text.slice(t.start, t.end);
    if (t.kind !== 'field') {
      out += token(t, raw, resolve);
      continue;
    }
    const names = alternatives(raw.slice(0, -1), resolve, (v) => v);
    if (names.length === 1) {
      out += `${names[0] ?? ''}:`;
      continue;
    }
    // Several fields: the value goes to each of them.
    const end = valueEnd(tokens, i + 1);
    const value = interpolate(text.slice(t.end, tokens[end - 1]?.end ?? t.end), resolve);
    out += `(${names.map((n) => `${n}:${value}`).join(' OR ')})`;
    i = end - 1;
  }
  return out;
}

function token(t: Token, raw: string, resolve: Resolve): string {
  if (!new RegExp(VARIABLE.source).test(raw)) {
    return raw;
  }
  switch (t.kind) {
    case 'quoted':
      return oneOf(alternatives(raw, resolve, (v) => v.replace(/["\\]/g, '\\$&')));
    case 'regex':
      return raw.replace(references, (reference) => {
        const r = resolve(reference);
        if (r === undefined || 'text' in r) {
          return r?.text ?? reference;
        }
        const values = r.values.map(escapeRegex);
        return values.length === 1 ? (values[0] ?? '') : `(${values.join('|')})`;
      });
    default: {
      const whole = raw.replace(references, '') === '' && (raw.match(references) ?? []).length === 1;
      return oneOf(alternatives(raw, resolve, whole ? literal : escapeWord));
    }
  }
}

function oneOf(values: string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `(${values.join(' OR ')})`;
}

/** All that s becomes when each of its variables takes each of its values. */
function alternatives(s: string, resolve: Resolve, as: (value: string) => string): string[] {
  let made = [''];
  let from = 0;
  for (const m of s.matchAll(references)) {
    const fixed = s.slice(from, m.index);
    from = m.index + m[0].length;
    const r = resolve(m[0]);
    // A variable without a value is the empty text, which no event has.
    const values = r === undefined ? [m[0]] : 'text' in r ? [r.text] : r.values.length === 0 ? [as('')] : r.values.map(as);
    if (made.length * values.length > MAX_ALTERNATIVES) {
      throw new Error(`${s} has more than ${String(MAX_ALTERNATIVES)} values: choose fewer`);
    }
    made = made.flatMap((head) => values.map((v) => head + fixed + v));
  }
  return made.map((head) => head + s.slice(from));
}

/** The index behind the value that starts at tokens[i], spaces before it included. */
export function valueEnd(tokens: Token[], i: number): number {
  while (tokens[i]?.kind === 'space' || tokens[i]?.kind === 'compare') {
    i++;
  }
  const first = tokens[i]?.kind;
  if (first === 'range') {
    do {
      i++;
    } while (i < tokens.length && (tokens[i]?.kind !== 'range' || (tokens[i] as Token).end - (tokens[i] as Token).start > 1));
    return Math.min(i + 1, tokens.length);
  }
  if (first !== 'open') {
    return Math.min(i + 1, tokens.length);
  }
  let depth = 0;
  do {
    depth += tokens[i]?.kind === 'open' ? 1 : tokens[i]?.kind === 'close' ? -1 : 0;
    i++;
  } while (depth > 0 && i < tokens.length);
  return i;
}

/**
 * text with each variable as a word of the same length, so that text with variables can be checked: what is wrong with it
 * is at the same place in both.
 */
export function withoutVariables(text: string): string {
  return text.replace(references, (reference) => 'v'.repeat(reference.length));
}
