import { add, has, print, remove, toggle, type Condition } from './filter';

const host: Condition = { field: 'host.name', value: 'fw-01' };
const notHost: Condition = { ...host, negated: true };

test.each<[Condition, string]>([
  [host, 'host.name:"fw-01"'],
  [notHost, 'NOT host.name:"fw-01"'],
  [{ field: 'port', value: '443' }, 'port:443'],
  [{ field: 'ip', value: '10.0.0.1' }, 'ip:"10.0.0.1"'],
  [{ field: 'msg', value: 'a "b" \\' }, 'msg:"a \\"b\\" \\\\"'],
  [{ value: 'login failed' }, '"login failed"'],
])('%j is %s', (c, want) => {
  expect(print(c)).toBe(want);
});

test.each<[string, Condition, string]>([
  ['', host, 'host.name:"fw-01"'],
  [' * ', host, 'host.name:"fw-01"'],
  ['a', host, 'a AND host.name:"fw-01"'],
  ['a OR b', host, '(a OR b) AND host.name:"fw-01"'],
  ['(a OR b)', notHost, '(a OR b) AND NOT host.name:"fw-01"'],
  ['a || b', host, '(a || b) AND host.name:"fw-01"'],
  ['x:(a OR b)', host, 'x:(a OR b) AND host.name:"fw-01"'],
  ['host.name:fw-01 AND b', host, 'host.name:fw-01 AND b'],
  ['"a OR b"', host, '"a OR b" AND host.name:"fw-01"'],
])('added to %s', (text, c, want) => {
  expect(add(text, c)).toBe(want);
});

test.each<[string, Condition, boolean]>([
  ['host.name:"fw-01"', host, true],
  ['host.name:fw-01', host, true],
  ['+host.name:fw-01 x', host, true],
  ['NOT host.name:"fw-01"', host, false],
  ['NOT host.name:"fw-01"', notHost, true],
  ['-host.name:"fw-01" a', notHost, true],
  ['! host.name:fw-01', notHost, true],
  ['NOT  host.name:fw-01', notHost, true],
  ['host.name:"fw-01" OR a', host, false],
  ['(host.name:"fw-01" OR a)', host, false],
  ['host.name:"fw-012"', host, false],
  ['xhost.name:"fw-01"', host, false],
  ['"login failed"', { value: 'login failed' }, true],
])('%s has %j: %s', (text, c, want) => {
  expect(has(text, c)).toBe(want);
});

test.each<[string, Condition, string]>([
  ['host.name:"fw-01"', host, ''],
  ['a AND host.name:"fw-01" AND b', host, 'a AND b'],
  ['a host.name:fw-01 b', host, 'a AND b'],
  ['host.name:"fw-01" && b', host, 'b'],
  ['BRAND AND host.name:"fw-01"', host, 'BRAND'],
  ['a AND NOT host.name:"fw-01"', notHost, 'a'],
  ['a OR host.name:"fw-01"', host, 'a OR host.name:"fw-01"'],
  ['(a OR b) AND host.name:"fw-01"', host, '(a OR b)'],
])('taken from %s', (text, c, want) => {
  expect(remove(text, c)).toBe(want);
});

// Several values of one event, as a frame shows them.
const list: Condition = { field: 'event.category', value: '["web","intrusion_detection"]' };
const notList: Condition = { ...list, negated: true };

test('a click on a list asks for all of its values, or for events that do not have all of them', () => {
  expect(print({ field: 'a', value: '["x, y",1]' })).toBe('a:"x, y" AND a:1');
  const once = toggle('a OR b', list);
  expect(once).toBe('(a OR b) AND event.category:"web" AND event.category:"intrusion_detection"');
  expect(has(once, list)).toBe(true);
  expect(has('event.category:web', list)).toBe(false);
  expect(toggle('event.category:web', list)).toBe('event.category:web AND event.category:"intrusion_detection"');
  expect(toggle(once, list)).toBe('(a OR b)');
  const out = toggle(once, notList);
  expect(out).toBe('(a OR b) AND NOT (event.category:"web" AND event.category:"intrusion_detection")');
  expect(has(out, notList)).toBe(true);
  expect(toggle(out, notList)).toBe('(a OR b)');
  expect(toggle(out, list)).toBe(once);
});

test.each(['[', '["a"]', '[1, 2', '[a,b]', '[["a"],"b"]', '{"a":1}', '[null,null]'])('%s is a text, not a list', (value) => {
  expect(print({ field: 'a', value })).toBe(`a:"${value.replace(/"/g, '\\"')}"`);
});

test('a click adds, a second one takes away, the opposite replaces', () => {
  const once = toggle('a OR b', host);
  expect(once).toBe('(a OR b) AND host.name:"fw-01"');
  expect(toggle(once, host)).toBe('(a OR b)');
  expect(toggle(once, notHost)).toBe('(a OR b) AND NOT host.name:"fw-01"');
});
