import { lex } from './lexer';
import { segments } from './segments';

function cut(text: string, mistakes: { start: number; end: number }[]): string[] {
  return segments(text, lex(text), mistakes).map((s) => `${s.kind}${s.variable ? '$' : ''}${s.wrong ? '!' : ''}:${s.text}`);
}

test('a mistake cuts a word, and variables are marked in it', () => {
  expect(cut('a:b${x}c', [{ start: 2, end: 3 }])).toEqual(['field:a:', 'word!:b', 'word$:${x}', 'word:c']);
});

test('a mistake at the end is at the last character', () => {
  expect(cut('a AND', [{ start: 5, end: 5 }])).toEqual(['word:a', 'space: ', 'and:AN', 'and!:D']);
});

test('a mistake over several words', () => {
  expect(cut('a b', [{ start: 0, end: 3 }])).toEqual(['word!:a', 'space!: ', 'word!:b']);
});
