import { lex, isAddress } from './lexer';

/** The tokens of text as kind:text, spaces left out. */
function tokens(text: string): string[] {
  return lex(text)
    .filter((t) => t.kind !== 'space')
    .map((t) => `${t.kind}:${text.slice(t.start, t.end)}`);
}

test.each<[string, string[]]>([
  ['', []],
  ['fail', ['word:fail']],
  ['a AND b OR NOT c', ['word:a', 'and:AND', 'word:b', 'or:OR', 'not:NOT', 'word:c']],
  ['a&&b||!c', ['word:a', 'and:&&', 'word:b', 'or:||', 'not:!', 'word:c']],
  ['ANDY and a|b', ['word:ANDY', 'word:and', 'word:a|b']],
  ['host.name:fw-01', ['field:host.name:', 'word:fw-01']],
  ['user:(a OR "b c")', ['field:user:', 'open:(', 'word:a', 'or:OR', 'quoted:"b c"', 'close:)']],
  ['"say \\"hi\\" \\\\"x', ['quoted:"say \\"hi\\" \\\\"', 'word:x']],
  ['"open', ['quoted:"open']],
  ['-a +b:c !d', ['sign:-', 'word:a', 'sign:+', 'field:b:', 'word:c', 'not:!', 'word:d']],
  ['t:-5', ['field:t:', 'word:-5']],
  ['n:>=5', ['field:n:', 'compare:>=', 'word:5']],
  ['n: < 5', ['field:n:', 'compare:<', 'word:5']],
  ['n:[1 TO 5}', ['field:n:', 'range:[', 'word:1', 'range:TO', 'word:5', 'range:}']],
  ['n:{* TO "a b"]', ['field:n:', 'range:{', 'word:*', 'range:TO', 'quoted:"a b"', 'range:]']],
  ['h:/app[0-2]\\/x/i AND y', ['field:h:', 'regex:/app[0-2]\\/x/i', 'and:AND', 'word:y']],
  ['http://a/b:c', ['word:http://a/b:c']],
  ['2001:db8::/32', ['word:2001:db8::/32']],
  ['aa:bb:cc:dd:ee:ff', ['word:aa:bb:cc:dd:ee:ff']],
  ['12:00:05', ['word:12:00:05']],
  ['用户:张三', ['word:用户:张三']],
  ['file:etc/passwd', ['field:file:', 'word:etc/passwd']],
  ['host:${host:regex} x', ['field:host:', 'word:${host:regex}', 'word:x']],
  ['${field}:x', ['field:${field}:', 'word:x']],
  ['n:[${from:date:iso} TO [[to]]]', ['field:n:', 'range:[', 'word:${from:date:iso}', 'range:TO', 'word:[[to]]', 'range:]']],
  ['n:[a TO b]', ['field:n:', 'range:[', 'word:a', 'range:TO', 'word:b', 'range:]']],
  ['a\\ b c\\:d', ['word:a\\ b', 'word:c\\:d']],
  [') ] ^', ['close:)', 'word:]', 'word:^']],
  ['\\', ['word:\\']],
])('%s', (text, want) => {
  expect(tokens(text)).toEqual(want);
});

test('tokens are all of the text, without gaps', () => {
  const signs = ['a', ' ', '"', '/', '(', ')', '[', ']', '{', '}', ':', '\\', '$x', '${y:raw}', '&&', '|', '>', '-', '!', 'AND', 'TO', '张', '\n'];
  let seed = 7;
  for (let n = 0; n < 2000; n++) {
    let text = '';
    for (let i = 0; i < 12; i++) {
      seed = (seed * 48271) % 2147483647;
      text += signs[seed % signs.length] ?? '';
    }
    const found = lex(text);
    expect(found.map((t) => text.slice(t.start, t.end)).join('')).toBe(text);
    expect(found.every((t) => t.end > t.start)).toBe(true);
  }
});

test.each([
  ['::1', true],
  ['2001:db8::1', true],
  ['::ffff:10.0.0.1', true],
  ['2001:db8::/32', true],
  ['aa:bb:cc:dd:ee:ff', true],
  ['a:b', false],
  ['host:1', false],
  ['10.0.0.1', false],
])('%s is an address: %s', (text, want) => {
  expect(isAddress(text)).toBe(want);
});
