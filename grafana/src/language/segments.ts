/** A query's text cut where its look changes. */
import { VARIABLE, type Token, type TokenKind } from './lexer';

export interface Segment {
  text: string;
  start: number;
  kind: TokenKind;
  variable: boolean;
  wrong: boolean;
}

/** The segments of text; together they are all of it. A mistake of no length is at the character before or behind it. */
export function segments(text: string, tokens: Token[], mistakes: { start: number; end: number }[]): Segment[] {
  const marked = mistakes.map(({ start, end }) => {
    const from = Math.max(0, start === end && start >= text.length ? start - 1 : start);
    return { start: from, end: Math.max(end, from + 1) };
  });
  const variables = [...text.matchAll(new RegExp(VARIABLE.source, 'g'))].map((m) => ({ start: m.index, end: m.index + m[0].length }));
  const cuts = new Set([...marked, ...variables].flatMap((r) => [r.start, r.end]));
  const inside = (ranges: { start: number; end: number }[], i: number) => ranges.some((r) => r.start <= i && i < r.end);
  return tokens.flatMap((t) => {
    const at = [t.start, ...[...cuts].filter((c) => c > t.start && c < t.end).sort((a, b) => a - b), t.end];
    return at.slice(0, -1).map((start, n) => ({
      text: text.slice(start, at[n + 1]),
      start,
      kind: t.kind,
      variable: inside(variables, start),
      wrong: inside(marked, start),
    }));
  });
}
