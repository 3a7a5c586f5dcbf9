/**
 * The words of Logcenter's query language, as far as an editor has to know them: where a value begins and ends, and what
 * belongs to which side of an OR. What a query means, and what is wrong with it, the backend says (sdk/query there).
 *
 * References to Grafana's variables ($host, ${host:raw}, [[host]]) are one character each to the lexer, whatever signs
 * they are spelt with.
 */

/** What a token is. `word`, `quoted` and `regex` are values; `field` includes its colon. */
export type TokenKind =
  | 'space'
  | 'and'
  | 'or'
  | 'not'
  | 'sign' // + and - before a clause
  | 'open'
  | 'close'
  | 'field'
  | 'compare' // < <= > >=
  | 'range' // the brackets of a range, and TO inside
  | 'word'
  | 'quoted'
  | 'regex';

/** A token is text[start:end]; offsets are UTF-16 code units, as in textareas. */
export interface Token {
  kind: TokenKind;
  start: number;
  end: number;
}

/** The syntaxes of Grafana's variables, with the name, the field path and the format. */
export const VARIABLE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/;

const variableHere = new RegExp(VARIABLE.source, 'y');
const space = /\s+/y;
const operator = /(AND|OR|NOT)(?=$|[\s()"]|&&|\|\|)|&&|\|\|/y;
const compare = /[<>]=?/y;
const name = /^(?:[A-Za-z_@][\w.@-]*|\*)$/;

/** The end of the variable that starts at i, or i if there is none. */
export function variableEnd(text: string, i: number): number {
  variableHere.lastIndex = i;
  return variableHere.test(text) ? variableHere.lastIndex : i;
}

/** Takes text apart. The tokens follow each other without gaps, whatever the text is: there are no errors. */
export function lex(text: string): Token[] {
  return new Lexer(text).run();
}

class Lexer {
  private tokens: Token[] = [];
  private i = 0;
  private inRange = false;

  constructor(private text: string) {}

  run(): Token[] {
    while (this.i < this.text.length) {
      const start = this.i;
      const kind = this.inRange ? this.rangePart() : this.part();
      this.tokens.push({ kind, start, end: this.i });
    }
    return this.tokens;
  }

  private match(re: RegExp): boolean {
    re.lastIndex = this.i;
    if (!re.test(this.text)) {
      return false;
    }
    this.i = re.lastIndex;
    return true;
  }

  private part(): TokenKind {
    const at = this.i;
    const c = this.text[at] ?? '';
    if (this.match(space)) {
      return 'space';
    }
    if (this.match(operator)) {
      const op = this.text.slice(at, this.i);
      return op === 'OR' || op === '||' ? 'or' : op === 'NOT' ? 'not' : 'and';
    }
    const before = this.tokens.at(-1)?.kind;
    const value = before === 'field' || (before === 'space' && this.tokens.at(-2)?.kind === 'field') || before === 'compare';
    switch (c) {
      case '(':
      case ')':
        this.i++;
        return c === '(' ? 'open' : 'close';
      case '"':
        this.delimited('"');
        return 'quoted';
      case '/':
        this.delimited('/');
        if (this.text[this.i] === 'i') {
          this.i++;
        }
        return 'regex';
      case '[':
      case '{':
        if (value && variableEnd(this.text, at) === at) {
          this.i++;
          this.inRange = true;
          return 'range';
        }
        break;
      case '!':
        if (!value) {
          this.i++;
          return 'not';
        }
        break;
      case '+':
      case '-':
        if (!value) {
          this.i++;
          return 'sign';
        }
        break;
      case '<':
      case '>':
        this.match(compare);
        return 'compare';
    }
    return this.word(value);
  }

  private rangePart(): TokenKind {
    const c = this.text[this.i];
    if (this.match(space)) {
      return 'space';
    }
    if (c === ']' || c === '}') {
      this.i++;
      this.inRange = false;
      return 'range';
    }
    if (c === '"') {
      this.delimited('"');
      return 'quoted';
    }
    const start = this.i;
    this.upTo((ch) => /[\s\]}]/.test(ch));
    return this.text.slice(start, this.i) === 'TO' ? 'range' : 'word';
  }

  /** Reads to behind the next unescaped c, or to the end of the text. */
  private delimited(c: string): void {
    this.i++;
    this.upTo((ch) => ch === c);
    this.i = Math.min(this.i + 1, this.text.length);
  }

  /** Reads up to a character that stops; escapes and variables are stepped over. */
  private upTo(stops: (ch: string, i: number) => boolean): void {
    while (this.i < this.text.length) {
      const end = variableEnd(this.text, this.i);
      if (end > this.i) {
        this.i = end;
        continue;
      }
      const ch = this.text[this.i] ?? '';
      if (ch === '\\') {
        this.i = Math.min(this.i + 2, this.text.length);
        continue;
      }
      if (stops(ch, this.i)) {
        break;
      }
      this.i++;
    }
  }

  private word(value: boolean): TokenKind {
    const start = this.i;
    let colon = -1;
    this.upTo((ch, i) => {
      if (ch === ':' && colon < 0) {
        colon = i;
      }
      return /[\s()"]/.test(ch) || ((ch === '&' || ch === '|') && this.text[i + 1] === ch);
    });
    if (this.i === start) {
      this.i++; // a sign that cannot stand here: the backend will say so
    }
    const whole = this.text.slice(start, this.i);
    if (!value && colon > start && isFieldName(this.text.slice(start, colon)) && !this.text.startsWith('://', colon) && !isAddress(whole)) {
      this.i = colon + 1;
      return 'field';
    }
    return 'word';
  }
}

/** Whether s, variables in it aside, can be the name of a field. */
function isFieldName(s: string): boolean {
  return name.test(s.replace(new RegExp(VARIABLE.source, 'g'), 'v'));
}

/** Whether the colons in s are those of an IPv6 or MAC address. */
export function isAddress(s: string): boolean {
  const [address = '', bits] = s.split('/');
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) {
    return false;
  }
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(address)) {
    return bits === undefined;
  }
  return /^[0-9a-f:]*:[0-9a-f:]*(\d+\.\d+\.\d+\.\d+)?(%\w+)?$/i.test(address) && (address.match(/:/g) ?? []).length >= 2;
}
