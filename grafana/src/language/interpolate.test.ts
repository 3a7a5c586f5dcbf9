import { interpolate, withoutVariables, type Resolved } from './interpolate';

/** $none has no values, $raw is text as it is, $unknown nobody knows. */
const known: Record<string, Resolved> = {
  one: { values: ['fw-01'] },
  two: { values: ['fw-01', 'fw-02'] },
  none: { values: [] },
  space: { values: ['web server'] },
  nasty: { values: ['a" OR *:* OR "b'] },
  slashes: { values: ['C:\\Windows\\'] },
  paren: { values: ['x) OR (y'] },
  regex: { values: ['a.b/c', '(d|e)*'] },
  number: { values: ['443'] },
  minus: { values: ['-5'] },
  network: { values: ['10.0.0.0/8'] },
  ipv6: { values: ['2001:db8::/32', '::1'] },
  operator: { values: ['NOT'] },
  star: { values: ['*'] },
  han: { values: ['张三', '李 四'] },
  field: { values: ['source.ip'] },
  fields: { values: ['source.ip', 'destination.ip'] },
  raw: { text: 'a OR b' },
};

const resolve = (reference: string): Resolved => known[/\w+/.exec(reference)?.[0] ?? ''];

test.each([
  // text, what it becomes
  ['no variables', 'no variables'],
  ['host:$one', 'host:"fw-01"'],
  ['host:${one}', 'host:"fw-01"'],
  ['host:[[one]]', 'host:"fw-01"'],
  ['host:$two', 'host:("fw-01" OR "fw-02")'],
  ['NOT host:$two AND x', 'NOT host:("fw-01" OR "fw-02") AND x'],
  ['-host:$two', '-host:("fw-01" OR "fw-02")'],
  ['$two', '("fw-01" OR "fw-02")'],
  ['host:$none', 'host:""'],
  ['host:($one OR x)', 'host:("fw-01" OR x)'],
  ['$unknown x:$unknown', '$unknown x:$unknown'],
  ['$__timeFilter(event.ingested) AND a', '$__timeFilter(event.ingested) AND a'],
  // values never change what the query means
  ['host:$space', 'host:"web server"'],
  ['host:$nasty', 'host:"a\\" OR *:* OR \\"b"'],
  ['path:$slashes', 'path:"C:\\\\Windows\\\\"'],
  ['x:$paren', 'x:"x) OR (y"'],
  ['x:$operator', 'x:"NOT"'],
  ['x:$star', 'x:"*"'],
  ['user:$han', 'user:("张三" OR "李 四")'],
  // numbers and networks keep their meaning
  ['port:$number', 'port:443'],
  ['port:>$number', 'port:>443'],
  ['t:[$minus TO ${number}]', 't:[-5 TO 443]'],
  ['ip:$network', 'ip:10.0.0.0/8'],
  ['ip:$ipv6', 'ip:(2001:db8::/32 OR "::1")'],
  // inside quotes
  ['"user $one logged in"', '"user fw-01 logged in"'],
  ['x:"$nasty"', 'x:"a\\" OR *:* OR \\"b"'],
  ['x:"$slashes"', 'x:"C:\\\\Windows\\\\"'],
  ['x:"at $two!"', 'x:("at fw-01!" OR "at fw-02!")'],
  // inside a regular expression
  ['host:/^$one$/', 'host:/^fw-01$/'],
  ['host:/^$two-[0-9]/i', 'host:/^(fw-01|fw-02)-[0-9]/i'],
  ['host:/$regex/', 'host:/(a\\.b\\/c|\\(d\\|e\\)\\*)/'],
  // in the middle of a word
  ['host:web-$number', 'host:web-443'],
  ['host:${one}.bank*', 'host:fw-01.bank*'],
  ['host:a$two*', 'host:(afw-01* OR afw-02*)'],
  ['host:a$space', 'host:aweb\\ server'],
  ['x:a${paren}b', 'x:ax\\)\\ OR\\ \\(yb'],
  ['$one-$two', '(fw-01-fw-01 OR fw-01-fw-02)'],
  // names of fields
  ['$field:1', 'source.ip:1'],
  ['${fields}:$network AND x', '(source.ip:10.0.0.0/8 OR destination.ip:10.0.0.0/8) AND x'],
  ['$fields:(a OR "b")', '(source.ip:(a OR "b") OR destination.ip:(a OR "b"))'],
  ['$fields:[1 TO 2] y', '(source.ip:[1 TO 2] OR destination.ip:[1 TO 2]) y'],
  // text as it is
  ['$raw AND c', 'a OR b AND c'],
  ['x:${raw:raw}', 'x:a OR b'],
])('%s', (text, want) => {
  expect(interpolate(text, resolve)).toBe(want);
});

test('too many alternatives are an error', () => {
  const many = () => ({ values: Array.from({ length: 40 }, (_, i) => String(i)) });
  expect(() => interpolate('x:$a-$b', many)).toThrow('more than 1000 values');
});

test('variables become words of the same length for a check', () => {
  const text = 'host:${host:regex} AND "$x" [[y]]';
  expect(withoutVariables(text)).toBe('host:vvvvvvvvvvvvv AND "vv" vvvvv');
  expect(withoutVariables(text)).toHaveLength(text.length);
});
