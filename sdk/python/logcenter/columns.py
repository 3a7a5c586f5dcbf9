"""Columns of a batch: builders of those that a plugin writes, readers of those that it is sent.

plugin.proto has the form. All arrays are little endian. A builder's set returns why a value is refused, or None.
"""

import math
import operator
import socket
import struct
import sys
from array import array
from datetime import datetime, timezone

from . import wire_pb2 as wire

_SWAP = sys.byteorder == "big"
_SIZES = {"B": 1, "H": 2, "I": 4, "i": 4, "Q": 8, "q": 8, "d": 8}
assert all(array(code).itemsize == size for code, size in _SIZES.items())


def pack(code, values):
    """values as a little-endian array of a type code of module array."""
    a = array(code, values)
    if _SWAP:
        a.byteswap()
    return a.tobytes()


def unpack(code, data):
    """The array that data is."""
    a = array(code)
    a.frombytes(data)
    if _SWAP:
        a.byteswap()
    return a


def bitmap(rows, total):
    """The rows that are set, of total, as bits."""
    flags = bytearray(b"0" * total)
    for row in rows:
        flags[row] = 49  # "1"
    flags.reverse()
    return int(flags, 2).to_bytes((total + 7) // 8, "little") if total else b""


def rows_of(present, total):
    """The rows whose bits are set."""
    bits = bin(int.from_bytes(present, "little"))[:1:-1]
    rows, at = [], bits.find("1")
    while at >= 0:
        rows.append(at)
        at = bits.find("1", at + 1)
    return rows


class Builder:
    """One field's values of a batch by row, set in ascending order. Setting a row again replaces its value; a list gets
    one more."""

    __slots__ = ("id", "type", "list", "values")

    def __init__(self, decl):
        self.id, self.type, self.list = decl.id, decl.type, decl.list
        self.values = {}

    def put(self, row, item):
        if self.list:
            self.values.setdefault(row, []).append(item)
        else:
            self.values[row] = item

    def undo(self, row):
        """Forget what was set at row."""
        self.values.pop(row, None)

    def span(self, row, line, start, end):
        """Set row from line[start:end]."""
        if start < 0 or end > len(line) or start > end:
            return "is not inside the line"
        return self.set(row, line, line[start:end])

    def label(self, row, text):
        return "cannot be set to text"

    copy = None  # of strings alone

    def finish(self, total, line):
        """The column over total rows; line(row) is the row's line."""
        rows, items = list(self.values), list(self.values.values())
        c = wire.Column(field=self.id, type=self.type, count=len(rows))
        if len(rows) != total:
            c.present = bitmap(rows, total)
        if self.list:
            ends, lists = [0], zip(rows, items)
            rows, items = [], []
            for row, some in lists:
                items.extend(some)
                rows.extend([row] * len(some))
                ends.append(len(items))
            c.lists = pack("I", ends)
        self.fill(c, rows, items, line)
        return c


class Text(Builder):
    """Strings. An item is a span (start, length), a copy (bytes, from, to), or a label (str)."""

    __slots__ = ()

    def set(self, row, line, v):
        if type(v) is not bytes:
            v = v.encode("utf-8", "replace") if isinstance(v, str) else bytes(v)
        if not v:
            return None
        i = line.find(v)
        if i < 0:
            return self.copy(row, v, 0, 0)
        if line.find(v, i + 1) < 0:
            return self.span(row, line, i, i + len(v))
        # It stands in the line several times, and nobody can tell which was meant: what is masked in any of these
        # places must not be shown by the field.
        last = line.rfind(v) + len(v)
        if line[i] & 0xC0 == 0x80 or last < len(line) and line[last] & 0xC0 == 0x80:
            return "cuts a character"
        self.put(row, (v, i, last))
        return None

    def span(self, row, line, start, end):
        if start < 0 or end > len(line) or start > end:
            return "is not inside the line"
        if start == end:
            return None
        if line[start] & 0xC0 == 0x80 or end < len(line) and line[end] & 0xC0 == 0x80:
            return "cuts a character"
        if self.list:
            self.put(row, (start, end - start))
        else:
            self.values[row] = (start, end - start)
        return None

    def copy(self, row, v, start, end):
        try:
            v.decode()
        except UnicodeDecodeError:
            return "not UTF-8"
        self.put(row, (v, start, end))
        return None

    def label(self, row, text):
        if text and self.list:
            self.put(row, text)
        elif text:
            self.values[row] = text
        return None

    def fill(self, c, rows, items, line):
        kinds = {len(i) if type(i) is tuple else 1 for i in items}
        if kinds == {2} and not self.list:
            c.encoding = wire.SPAN
            if max(map(max, items)) <= 0xFFFF:
                c.width, c.values = 4, pack("I", [s | n << 16 for s, n in items])
            else:
                c.width, c.values = 8, pack("Q", [s | n << 32 for s, n in items])
        elif kinds == {1}:
            self.dictionary(c, items)
        else:
            self.plain(c, rows, items, line)

    def dictionary(self, c, items):
        c.encoding = wire.DICT
        codes = dict.fromkeys(items)
        ends, data = [0], bytearray()
        for n, text in enumerate(codes):
            codes[text] = n
            data += text.encode("utf-8", "replace")
            ends.append(len(data))
        code, c.width = ("B", 1) if len(codes) <= 1 << 8 else ("H", 2) if len(codes) <= 1 << 16 else ("I", 4)
        c.values = pack(code, [codes[text] for text in items])
        c.dict, c.data = pack("I", ends), bytes(data)

    def plain(self, c, rows, items, line):
        ends, origin, data, of_line = [0], [], bytearray(), False
        for row, item in zip(rows, items):
            start = end = 0
            if type(item) is str:
                data += item.encode("utf-8", "replace")
            elif len(item) == 2:
                start, end = item[0], item[0] + item[1]
                data += line(row)[start:end]
            else:
                v, start, end = item
                data += v
            ends.append(len(data))
            origin += (start, end)
            of_line = of_line or end > 0
        c.values, c.data = pack("I", ends), bytes(data)
        if of_line:
            c.origin = pack("I", origin)


class Long(Builder):
    __slots__ = ()

    def set(self, row, line, v):
        if isinstance(v, (bytes, str)):
            if not v:
                return None
            digits = v[1:] if v[:1] in (b"-", "-") else v
            if len(v) > 20 or not digits.isdigit() or not digits.isascii():
                return "not a whole number"
            v = int(v)
        elif isinstance(v, float) or isinstance(v, bool):
            return "cannot be set to a " + type(v).__name__
        if not -1 << 63 <= v < 1 << 63:
            return "not a whole number of 64 bits"
        self.put(row, v)
        return None

    def fill(self, c, rows, items, line):
        try:
            c.values, c.width = pack("i", items), 4
        except OverflowError:
            c.values, c.width = pack("q", items), 8


class Double(Builder):
    __slots__ = ()

    def set(self, row, line, v):
        if isinstance(v, (bytes, str)):
            if not v:
                return None
            if b"_" in v if isinstance(v, bytes) else "_" in v:
                return "not a number"
        try:
            v = float(v)
        except ValueError:
            return "not a number"
        if not math.isfinite(v):
            return "not a number"
        self.put(row, v)
        return None

    def fill(self, c, rows, items, line):
        c.values = pack("d", items)


_BOOLEANS = {b"1": 1, b"t": 1, b"T": 1, b"true": 1, b"TRUE": 1, b"True": 1,
             b"0": 0, b"f": 0, b"F": 0, b"false": 0, b"FALSE": 0, b"False": 0}


class Boolean(Builder):
    __slots__ = ()

    def set(self, row, line, v):
        if isinstance(v, str):
            v = v.encode("utf-8", "replace")
        if isinstance(v, bytes):
            if not v:
                return None
            v = _BOOLEANS.get(v)
            if v is None:
                return "not true or false"
        self.put(row, 1 if v else 0)
        return None

    def fill(self, c, rows, items, line):
        c.values = pack("B", items)


_MAPPED = b"\0" * 10 + b"\xff\xff"
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class IP(Builder):
    __slots__ = ()

    def set(self, row, line, v):
        if not isinstance(v, (bytes, str)):  # of module ipaddress
            packed = v.packed
        else:
            if not v:
                return None
            packed = parse_ip(v.decode("ascii", "replace") if isinstance(v, bytes) else v)
            if packed is None:
                return "not an IP address"
        self.put(row, packed if len(packed) == 16 else _MAPPED + packed)
        return None

    def fill(self, c, rows, items, line):
        c.values = b"".join(items)


def parse_ip(text):
    """The bytes of an address, None if text is none."""
    six = ":" in text
    if six:
        text, percent, zone = text.partition("%")
        if percent and not zone:
            return None
    try:
        return socket.inet_pton(_FAMILIES[six], text)
    except (OSError, ValueError):
        return None


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Date(Builder):
    """Instants, in nanoseconds since 1970 UTC."""

    __slots__ = ()

    def set(self, row, line, v):
        if isinstance(v, datetime):
            if v.tzinfo is None:
                return "a time without a zone"
            since = v - _EPOCH  # exact, also before 1970
            v = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
        if not isinstance(v, int) or not -1 << 63 <= v < 1 << 63:
            return "not a number of nanoseconds; Event.time reads texts"
        self.put(row, v)
        return None

    def fill(self, c, rows, items, line):
        c.values = pack("q", items)


class Geo(Builder):
    """Places, (latitude, longitude) in degrees."""

    __slots__ = ()

    def set(self, row, line, v):
        lat, lon = map(float, v)
        if not -90 <= lat <= 90 or not -180 <= lon <= 180:
            return "not a latitude and longitude in degrees"
        self.put(row, (lat, lon))
        return None

    def fill(self, c, rows, items, line):
        c.values = b"".join(struct.pack("<dd", *i) for i in items)


BUILDERS = {wire.STRING: Text, wire.INT64: Long, wire.DOUBLE: Double, wire.BOOL: Boolean, wire.IP: IP,
            wire.TIMESTAMP: Date, wire.GEO: Geo}

_WIDTHS = {wire.DOUBLE: 8, wire.TIMESTAMP: 8, wire.BOOL: 1, wire.IP: 16, wire.GEO: 16}


class BadBatch(ValueError):
    """A batch that the plugin refuses to read."""


def want(ok, what):
    if not ok:
        raise BadBatch(what)


def _offsets(data, n, size, step, what):
    """n+1 ascending offsets into size bytes."""
    want(len(data) == 4 * (n + 1), f"{len(data)} bytes of {what} offsets for {n} values")
    a = unpack("I", data)
    if step:
        steps = map(operator.sub, a[1:], a)
        want(all(s >= step for s in steps), f"{what} offsets do not ascend")
    else:
        want(all(map(operator.le, a, a[1:])), f"{what} offsets do not ascend")
    want(a[-1] <= size, f"{what}s reach byte {a[-1]} of {size}")
    return a


def check(c, total, lines):
    """Raise BadBatch unless all of a column's offsets lie inside it."""
    n = c.count
    if c.present:
        want(len(c.present) == (total + 7) // 8, f"a bitmap of {len(c.present)} bytes for {total} rows")
        bits = int.from_bytes(c.present, "little")
        want(bits >> total == 0 and bits.bit_count() == n, f"a bitmap of {bits.bit_count()} bits for {n} values")
    else:
        want(n == total, f"{n} values for {total} rows")
    if c.lists:
        n = _offsets(c.lists, n, 1 << 30, 0, "list")[-1]
    if c.type == wire.STRING and c.encoding == wire.PLAIN:
        _offsets(c.values, n, len(c.data), c.separator, "string")
    elif c.type == wire.STRING:
        want(c.width in ((4, 8) if c.encoding == wire.SPAN else (1, 2, 4)), f"width {c.width}")
        want(len(c.values) == c.width * n, f"{len(c.values)} bytes for {n} values of {c.width}")
        if c.encoding == wire.DICT:
            entries = len(c.dict) // 4 - 1
            want(entries >= 0, "no dictionary")
            _offsets(c.dict, entries, len(c.data), 0, "dictionary")
            codes = unpack({1: "B", 2: "H", 4: "I"}[c.width], c.values)
            want(not codes or max(codes) < entries, f"a code over {entries} entries")
        else:
            want(lines is not None, "spans, but no lines")
    else:
        width = c.width if c.type == wire.INT64 else _WIDTHS.get(c.type)
        want(width in (1, 4, 8, 16), f"type {c.type} of width {width}")
        want(len(c.values) == width * n, f"{len(c.values)} bytes for {n} values of {width}")


def strings(c):
    """The values of a PLAIN string column."""
    ends, data, separator = unpack("I", c.values), c.data, c.separator
    return [data[a:b - separator] for a, b in zip(ends, ends[1:])]


def read(c, total, lines):
    """The values of a checked column by row, None where there is none."""
    rows = rows_of(c.present, total) if c.present else range(total)
    if c.lists:
        ends, items = unpack("I", c.lists), _elements(c, rows, lines)
        values = [items[a:b] for a, b in zip(ends, ends[1:])]
    else:
        values = _elements(c, rows, lines)
    if not c.present:
        return values
    out = [None] * total
    for row, v in zip(rows, values):
        out[row] = v
    return out


def _elements(c, rows, lines):
    if c.type == wire.STRING:
        if c.encoding == wire.PLAIN:
            return strings(c)
        if c.encoding == wire.SPAN:
            bits, code = (16, "I") if c.width == 4 else (32, "Q")
            mask = (1 << bits) - 1
            return [lines[row][s & mask:(s & mask) + (s >> bits)] for row, s in zip(rows, unpack(code, c.values))]
        ends = unpack("I", c.dict)
        entries = [c.data[a:b] for a, b in zip(ends, ends[1:])]
        return [entries[k] for k in unpack({1: "B", 2: "H", 4: "I"}[c.width], c.values)]
    if c.type == wire.INT64:
        return unpack("i" if c.width == 4 else "q", c.values).tolist()
    if c.type == wire.TIMESTAMP:
        return unpack("q", c.values).tolist()
    if c.type == wire.DOUBLE:
        return unpack("d", c.values).tolist()
    if c.type == wire.BOOL:
        return [b != 0 for b in c.values]
    if c.type == wire.GEO:
        return list(struct.iter_unpack("<dd", c.values))
    return [_address(c.values[i:i + 16]) for i in range(0, len(c.values), 16)]


def _address(packed):
    """An address as text."""
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)
