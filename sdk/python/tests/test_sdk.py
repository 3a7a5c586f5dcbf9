"""Tests of package logcenter through a stage, as the host drives it."""

import dataclasses
import json
import unittest
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Annotated, Literal

from logcenter import Alert, Error, Masker, Parser, columns, config, pairs, times
from logcenter import wire_pb2 as wire
from logcenter.stage import Stage

MESSAGE, INGESTED, ZONE = 1, 2, 3
RECEIVED = 1795248000 * 10**9  # 2026-11-21 08:00:00
WRITES = {"text": wire.STRING, "long": wire.INT64, "double": wire.DOUBLE, "bool": wire.BOOL, "ip": wire.IP,
          "@timestamp": wire.TIMESTAMP, "geo": wire.GEO}


def batch(*lines):
    data, ends = bytearray(), [0]
    for line in lines:
        data += line + b"\n"
        ends.append(len(data))
    n = len(lines)
    return wire.Batch(seq=5, rows=n, columns=[
        wire.Column(field=MESSAGE, type=wire.STRING, count=n, separator=1, values=columns.pack("I", ends), data=bytes(data)),
        wire.Column(field=INGESTED, type=wire.TIMESTAMP, count=n, values=columns.pack("q", [RECEIVED] * n))])


def stage(parse=None, many=None, lists=(), base=Parser, **methods):
    methods |= {"parse": lambda self, line, ev: parse(line, ev)} if parse else {}
    methods |= {"parse_many": lambda self, line, following: many(line, following)} if many else {}
    s = Stage(type("Tested", (base,), methods))
    s.open(wire.OpenRequest(message_field=MESSAGE, reads=[
        wire.FieldDecl(id=INGESTED, name="event.ingested", type=wire.TIMESTAMP),
        wire.FieldDecl(id=ZONE, name="event.timezone", type=wire.STRING)], writes=[
        wire.FieldDecl(id=10 + i, name=name, type=t, list=name in lists) for i, (name, t) in enumerate(WRITES.items())]))
    return s


def run(s, b):
    """The result, and the values that it has by field."""
    r = s.process(b)
    lines = columns.strings(b.columns[0])
    for c in r.columns:
        columns.check(c, b.rows, lines)
    names = list(WRITES)
    return r, {names[c.field - 10]: columns.read(c, b.rows, lines) for c in r.columns}


class Values(unittest.TestCase):
    def one(self, name, value):
        r, values = run(stage(lambda line, ev: ev.set(name, value)), batch(b"a line"))
        return values[name][0] if name in values else (r.errors[0].message if r.errors else None)

    def test_are_read_from_text(self):
        for name, value, want in (
            ("text", None, None), ("text", b"", None), ("text", "密码", "密码".encode()), ("text", b"\xff", "text: not UTF-8"),
            ("text", "\ud800", b"?"),
            ("long", b"12", 12), ("long", "-12", -12), ("long", b"", None), ("long", b"+1", "long: not a whole number"),
            ("long", b"1_0", "long: not a whole number"), ("long", "١", "long: not a whole number"),
            ("long", 1 << 40, 1 << 40), ("long", 1 << 63, "long: not a whole number of 64 bits"),
            ("long", 1.5, "long: cannot be set to a float"), ("long", True, "long: cannot be set to a bool"),
            ("double", b"1.5", 1.5), ("double", "nan", "double: not a number"), ("double", b"1_0", "double: not a number"),
            ("bool", b"true", True), ("bool", False, False), ("bool", b"yes", "bool: not true or false"),
            ("ip", b"192.0.2.1", "192.0.2.1"), ("ip", "2001:db8::1%eth0", "2001:db8::1"), ("ip", b"::ffff:192.0.2.1", "192.0.2.1"),
            ("ip", b"192.0.2.01", "ip: not an IP address"), ("ip", b"1.2.3", "ip: not an IP address"), ("ip", b"\xff", "ip: not an IP address"),
            ("ip", 7, "ip: cannot be set to a int"), ("geo", (39.9, 116.4), (39.9, 116.4)),
            ("geo", (100, 0), "geo: not a latitude and longitude in degrees"), ("@timestamp", b"now", "@timestamp: not a number of nanoseconds; Event.time reads texts"),
        ):
            with self.subTest(name=name, value=value):
                self.assertEqual(self.one(name, value), want)

    def test_undeclared_fields_are_counted(self):
        r, values = run(stage(lambda line, ev: ev.set("nothing", b"a")), batch(b"a", b"b"))
        self.assertEqual(values, {})
        self.assertEqual(dict(r.counters), {"undeclared_fields": 2})


class Places(unittest.TestCase):
    def column(self, parse, *lines, lists=()):
        r, values = run(stage(parse, lists=lists), batch(*lines))
        return r.columns[0], values["text"]

    def test_a_value_that_stands_once_is_a_span(self):
        c, values = self.column(lambda line, ev: ev.set("text", b"b"), b"a b c")
        self.assertEqual((c.encoding, c.width, c.values), (wire.SPAN, 4, b"\x02\0\1\0"))
        self.assertEqual(values, [b"b"])

    def test_a_value_that_stands_twice_is_of_both_places(self):
        c, values = self.column(lambda line, ev: ev.set("text", b"b"), b"a b c b")
        self.assertEqual((c.encoding, c.origin), (wire.PLAIN, columns.pack("I", [2, 7])))
        self.assertEqual(values, [b"b"])
        c, _ = self.column(lambda line, ev: ev.span("text", 6, 7), b"a b c b")
        self.assertEqual((c.encoding, c.values), (wire.SPAN, b"\x06\0\1\0"))

    def test_far_spans_are_wide(self):
        c, values = self.column(lambda line, ev: ev.span("text", len(line) - 1, len(line)), b"ab", b"a" * 70000 + b"c")
        self.assertEqual((c.encoding, c.width), (wire.SPAN, 8))
        self.assertEqual(values, [b"b", b"c"])

    def test_columns_of_everything_are_copies_with_their_origin(self):
        def parse(line, ev):
            if line == b"span":
                ev.span("text", 0, 2)
            elif line == b"label":
                ev.label("text", "own")
            elif line == b"copy":
                ev.copy("text", "made", 1, 3)
        c, values = self.column(parse, b"span", b"label", b"none", b"copy")
        self.assertEqual(values, [b"sp", b"own", None, b"made"])
        self.assertEqual(c.origin, columns.pack("I", [0, 2, 0, 0, 1, 3]))

    def test_labels_are_sent_once(self):
        c, values = self.column(lambda line, ev: ev.label("text", str(len(line) % 2)), *[b"a" * n for n in range(1, 40)])
        self.assertEqual((c.encoding, c.width, c.data, len(c.values)), (wire.DICT, 1, b"10", 39))
        self.assertEqual(values[:3], [b"1", b"0", b"1"])

    def test_lists_keep_all(self):
        def parse(line, ev):
            for word in line.split():
                ev.set("text", word)
        _, values = self.column(parse, b"a b", b"", b"c", lists=("text",))
        self.assertEqual(values, [[b"a", b"b"], None, [b"c"]])

    def test_no_span_cuts_a_character_or_leaves_the_line(self):
        line = "密码".encode()
        for start, end, want in ((0, 3, None), (1, 3, "text: cuts a character"), (0, 4, "text: cuts a character"),
                                 (0, 7, "text: is not inside the line"), (-1, 3, "text: is not inside the line"),
                                 (3, 3, None)):
            r, _ = run(stage(lambda line, ev, a=start, b=end: ev.span("text", a, b)), batch(line))
            self.assertEqual(r.errors[0].message if r.errors else None, want, (start, end))
        r, _ = run(stage(lambda line, ev: ev.set("text", line[1:2])), batch(line))
        self.assertEqual(r.errors[0].message, "text: cuts a character")

    def test_a_value_set_again_is_replaced(self):
        def parse(line, ev):
            ev.set("long", 1)
            ev.set("long", 2)
        self.assertEqual(run(stage(parse), batch(b"a"))[1], {"long": [2]})


class FanOut(unittest.TestCase):
    def test_of_lines_and_faults(self):
        def many(line, following):
            for word in line.split():
                ev = following()
                ev.set("text", word)
                if word == b"fault":
                    raise KeyError
        b = batch(b"a b c", b"d", b"e fault", b"f g")
        r, values = run(stage(many=many), b)
        self.assertEqual(values["text"], [b"a", b"d", None, b"f"])
        self.assertEqual((r.fanout.rows, r.fanout.parents), (3, columns.pack("I", [0, 0, 3])))
        lines = columns.strings(b.columns[0])
        self.assertEqual(columns.read(r.fanout.columns[0], 3, [lines[0], lines[0], lines[3]]), [b"b", b"c", b"g"])

    def test_is_bounded(self):
        def many(line, following):
            for _ in range(300):
                following().set("long", 1)
        r, _ = run(stage(many=many), batch(b"a"))
        self.assertEqual((r.fanout.rows, dict(r.counters)), (255, {"fan_out_lost": 44}))
        self.assertIn("more than 256 events", r.errors[0].message)


class Batches(unittest.TestCase):
    def test_spoilt_ones_are_refused(self):
        s = stage(lambda line, ev: ev.set("text", line))

        def spoil(change):
            b = batch(b"a line", "另一行".encode())
            change(b)
            return b
        for change in (
            lambda b: setattr(b, "rows", 3), lambda b: setattr(b, "rows", 1 << 21),
            lambda b: setattr(b.columns[0], "values", b"\0" * 4 + b"\xff" * 8), lambda b: setattr(b.columns[0], "values", b""),
            lambda b: setattr(b.columns[0], "values", b.columns[0].values[:-1]),
            lambda b: setattr(b.columns[0], "data", b"a l"), lambda b: setattr(b.columns[1], "values", b"\0" * 7),
            lambda b: setattr(b.columns[1], "type", wire.IP), lambda b: setattr(b.columns[0], "present", b"\1"),
            lambda b: setattr(b.columns[1], "present", b"\xff"), lambda b: setattr(b.columns[1], "type", 77),
        ):
            with self.assertRaises(columns.BadBatch):
                s.process(spoil(change))
        self.assertEqual(run(s, batch())[1], {})
        self.assertEqual(run(s, batch(b"a", b""))[1], {"text": [b"a", None]})


class Times(unittest.TestCase):
    def test_of_all_layouts(self):
        def at(text, layout, zone=None):
            r, values = run(stage(lambda line, ev: ev.time(layout, text, zone=zone)), batch(b"x"))
            return values["@timestamp"][0] if values else r.errors[0].message
        second = 10**9
        for text, layout, zone, want in (
            (b"2026-10-11T12:00:00Z", "iso", None, 1791720000 * second),
            (b"2026-10-11T20:00:00.123456789+08:00", "iso", None, 1791720000 * second + 123456789),
            (b"2026-10-11 20:00:00", "iso", "Asia/Shanghai", 1791720000 * second),
            (b"1791720000", "epoch", None, 1791720000 * second), (b"1791720000.25", "epoch", None, 1791720000 * second + second // 4),
            ("1791720000250", "epoch_ms", None, 1791720000 * second + second // 4), (b"-1", "epoch_ns", None, -1),
            (b"11/Oct/2026:12:00:00 +0000", "%d/%b/%Y:%H:%M:%S %z", None, 1791720000 * second),
            (b"2026-10-11 12:00:00,5", "%Y-%m-%d %H:%M:%S", None, 1791720000 * second + second // 2),
            (b"Nov 21 07:00:00", "%b %d %H:%M:%S", None, RECEIVED - 3600 * second),
            (b"Dec 31 23:00:00", "%b %d %H:%M:%S", None, 1798758000 * second),  # of this year: it is nearer
            (b"Feb 29 00:00:00", "%b %d %H:%M:%S", None, "@timestamp: not a time of the form %b %d %H:%M:%S"),
            (b"yesterday", "iso", None, "@timestamp: not a time of the form iso"),
            (b"1e9", "epoch", None, "@timestamp: not a time of the form epoch"),
            (b"9" * 40, "epoch", None, "@timestamp: not a time of the form epoch"),
        ):
            with self.subTest(text=text, layout=layout):
                self.assertEqual(at(text, layout, zone), want)

    def test_the_year_is_the_nearest(self):
        january = 1767225600 * 10**9 + 3600 * 10**9  # 2026-01-01 01:00
        self.assertEqual(times.read("Dec 31 23:00:00", "%b %d %H:%M:%S", times.UTC, january), january - 7200 * 10**9)

    def test_datetimes_are_exact(self):
        for t, want in (
            (datetime(2026, 10, 11, 12, 0, 0, 999999, timezone.utc), 1791720000 * 10**9 + 999999000),
            (datetime(1969, 12, 31, 23, 59, 59, 500000, timezone.utc), -5 * 10**8),
            (datetime(2026, 10, 11, 12), "@timestamp: a time without a zone"),
        ):
            r, values = run(stage(lambda line, ev, t=t: ev.set("@timestamp", t)), batch(b"x"))
            self.assertEqual(values["@timestamp"][0] if values else r.errors[0].message, want)

    def test_an_unknown_zone_is_told(self):
        r, _ = run(stage(lambda line, ev: ev.time("iso", b"2026-10-11 12:00:00", zone="Mars/Base")), batch(b"x"))
        self.assertIn("Mars/Base", r.errors[0].message)


class Pairs(unittest.TestCase):
    def test_of_many_forms(self):
        def got(line, **how):
            return [(key, line[a:b]) for key, a, b in pairs(line, **how)]
        for line, how, want in (
            (b"", {}, []), (b"word", {}, []), (b"a=1 b=2", {}, [(b"a", b"1"), (b"b", b"2")]),
            (b"some words a=1  b= c=3", {}, [(b"a", b"1"), (b"b", b""), (b"c", b"3")]),
            (b'a="x y" b="say \\"hi\\"" c="open', {}, [(b"a", b"x y"), (b"b", b'say \\"hi\\"'), (b"c", b"open")]),
            (b'a="back\\\\" b=1', {}, [(b"a", b"back\\\\"), (b"b", b"1")]),
            (b"a: 1; b :2;", {"pair": b";", "equals": b":"}, [(b"a", b"1"), (b"b", b"2")]),
            (b'a="x', {"quote": b""}, [(b"a", b'"x')]), (b"=1 a=2", {}, [(b"a", b"2")]),
            (b"head a=1", {"start": 7}, [(b"", b"1")][1:]),
        ):
            with self.subTest(line=line):
                self.assertEqual(got(line, **how), want)


class Masking(unittest.TestCase):
    def masked(self, text, *edits):
        def mask(self, text, e):
            for start, end in edits:
                e.replace(start, end, "*")
        r = stage(base=Masker, mask=mask).process(batch(text))
        if r.errors:
            return r.errors[0].message
        e = columns.unpack("I", r.edits[0].edits)
        return [tuple(e[i + 1:i + 3]) for i in range(0, len(e), 4)]

    def test_of_odd_edits(self):
        self.assertEqual(self.masked(b"abcdef", (4, 5), (1, 3), (2, 4)), [(1, 4), (4, 5)])
        self.assertEqual(self.masked("密码".encode(), (1, 2)), [(0, 3)])
        self.assertEqual(self.masked(b"ab", (1, 3)), "an edit reaches outside the text")

    def test_what_is_put_in_place_is_text(self):
        for given, want in ((b"**", "**"), ("密", "密"), ("\ud800", "?"), (b"\xff", "\ufffd")):
            r = stage(base=Masker, mask=lambda self, text, e, given=given: e.replace(0, 1, given)).process(batch(b"ab"))
            self.assertEqual(list(r.edits[0].replacements), [want])


@dataclass
class Rule:
    word: Annotated[str, "What to look for."]
    weight: float = 1.0


@dataclass
class Config:
    level: Annotated[Literal["low", "high"], "How much."] = "low"
    most: int = 3
    rules: Annotated[list[Rule], "What finds."] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    zone: str | None = None

    def __post_init__(self):
        if self.most > 9:
            raise ValueError("most: at most 9")


class Configuration(unittest.TestCase):
    def test_is_described(self):
        s = json.loads(config.schema(Config))
        self.assertEqual(s["properties"]["level"], {"description": "How much.", "type": "string", "enum": ["low", "high"], "default": "low"})
        self.assertEqual(s["properties"]["rules"]["items"]["required"], ["word"])
        self.assertEqual(s["properties"]["zone"], {"type": ["string", "null"]})
        self.assertFalse(s["additionalProperties"])

    def test_defaults_may_be_dataclasses(self):
        made = dataclasses.make_dataclass("Made", [
            ("one", Rule, field(default_factory=lambda: Rule("x"))), ("many", list[Rule], field(default_factory=lambda: [Rule("y", 2.0)]))])
        p = json.loads(config.schema(made))["properties"]
        self.assertEqual(p["one"]["default"], {"word": "x", "weight": 1.0})
        self.assertEqual(p["many"]["default"], [{"word": "y", "weight": 2.0}])

    def test_is_decoded(self):
        c = config.decode({"rules": [{"word": "x", "weight": 2}], "names": {"a": 1}, "zone": None}, Config)
        self.assertEqual(c, Config(rules=[Rule("x", 2.0)], names={"a": 1}))

    def test_faults_name_the_key(self):
        for data, want in (
            ({"lvel": 1}, "lvel: no such key; nearest is level"), ({"q": 1}, "q: no such key; there are level, most, rules, names, zone"),
            ({"level": "mid"}, "level: 'mid' is not possible: use low, high"), ({"most": "3"}, 'most: want an integer, this is "3"'),
            ({"most": True}, "most: want an integer, this is true"), ({"most": 10}, "most: at most 9"),
            ({"rules": [{"weight": 1}]}, "rules[0].word: missing"), ({"rules": {}}, "rules: want a list"), ([], "want keys and values"),
        ):
            with self.assertRaises(config.ConfigError) as e:
                config.decode(data, Config)
            self.assertEqual(str(e.exception), want)


class Alerts(unittest.TestCase):
    def test_have_the_same_id_again(self):
        a = Alert(rule="r", keys={"b": "2", "a": "1"}, first_ns=5)
        self.assertEqual(a.identity(), dataclasses.replace(a, keys={"a": "1", "b": "2"}, name="n").identity())
        self.assertNotEqual(a.identity(), dataclasses.replace(a, first_ns=6).identity())


class Errors(unittest.TestCase):
    def test_replace_notes_of_bad_values(self):
        def parse(line, ev):
            ev.set("long", b"x")
            ev.set("ip", b"y")
            if line == b"error":
                raise Error("密" * 300)
        r, _ = run(stage(parse), batch(b"error", b"fine"))
        self.assertEqual([(e.row, e.code) for e in r.errors], [(0, "error"), (1, "bad_value")])
        self.assertEqual(len(r.errors[0].message), 170)
        self.assertEqual(dict(r.counters), {"bad_values": 4})


if __name__ == "__main__":
    unittest.main()
