"""One plugin as the protocol sees it, apart from how it is reached: opened once, then fed batches."""

import dataclasses
import json
import threading
import time
import traceback

from . import columns, config, times
from . import wire_pb2 as wire
from .event import Alert, Bad, Edits, Error, Event, Permanent, RetryAfter, Skip
from .version import VERSION

MAX_FAN_OUT = 256  # events one line can become
_MAX_NOTE = 512  # bytes of the text of an error
_MAX_INSTANTS = 4096  # texts of times that are remembered
_HOUR = 3600.0
_KINDS = {1: "parser", 2: "enricher", 3: "masker", 4: "detector", 5: "notifier"}


@dataclasses.dataclass
class _NoConfig:
    pass


class Stage:
    """Holds the plugin once the host has opened it. Safe for concurrent use from then on."""

    def __init__(self, plugin, config_class=None):
        if plugin.kind not in _KINDS:
            raise TypeError(f"{plugin.__name__} is no Parser, Enricher, Masker, Detector or Notifier")
        self.plugin, self.config_class = plugin, config_class
        self.kind = plugin.kind
        self.impl = None
        self.order = threading.Lock()  # detectors see one batch at a time
        self.offset = 0  # of the last batch or tick that a detector has seen
        self.instants = {}

    def describe(self):
        caps = [wire.CAP_STREAM, wire.CAP_FANOUT]
        if self.kind == wire.DETECTOR:
            caps.append(wire.CAP_STATE)
            if hasattr(self.plugin, "tick"):
                caps.append(wire.CAP_TICK)
        return wire.DescribeResponse(kind=self.kind, caps=caps, sdk="python/" + VERSION,
                                     config_schema=config.schema(self.config_class or _NoConfig))

    def open(self, request):
        """Make the plugin from its config. ConfigError and Bad are for the admin."""
        data = json.loads(request.config_json or b"null")
        made = config.decode({} if data is None else data, self.config_class or _NoConfig)
        self.message = request.message_field
        self.names = {d.id: d.name for d in request.reads}
        self.names[self.message] = "message"
        self.writes = list(request.writes)
        self.severity = dict(request.severity)
        for d in self.writes:
            if d.type not in columns.BUILDERS:
                raise Bad(f"field {d.name}: this SDK knows no type {d.type}")
        try:
            self.impl = self.plugin(made) if self.config_class else self.plugin()
        except config.ConfigError:
            raise
        except (Bad, ValueError, LookupError, OSError) as e:
            raise config.ConfigError("", str(e)) from e

    def process(self, batch, active=lambda: True):
        """The result of a batch. Raises columns.BadBatch for one that cannot be read, and stops with Cancelled when
        active says that nobody waits any more."""
        if self.kind != wire.DETECTOR:
            return _Worker(self, batch, active).result()
        with self.order:
            result = _Worker(self, batch, active).result()
            self.offset = batch.offset
            return result

    def tick(self, request):
        result = wire.Result()
        if not hasattr(self.impl, "tick"):
            return result
        with self.order:
            self.offset = max(self.offset, request.offset)
            try:
                self.impl.tick(request.watermark_ns, lambda a: result.alerts.append(alert_to_wire(a)))
            except Exception as e:
                traceback.print_exc()
                result.error = _clip(f"{type(e).__name__} at a tick; the plugin's log has the traceback")
        return result

    def snapshot(self):
        """The offset of the last batch, and the state as it is after it."""
        with self.order:
            return self.offset, self.impl.snapshot() if hasattr(self.impl, "snapshot") else b""

    def restore(self, offset, state):
        with self.order:
            self.offset = offset
            if hasattr(self.impl, "restore"):
                self.impl.restore(state)

    def notify(self, alert):
        answer = wire.NotifyResponse()
        try:
            self.impl.notify(alert_from_wire(alert))
        except RetryAfter as e:
            answer.error, answer.retry_after_ms = _clip(str(e)), max(1, round(e.seconds * 1000))
        except Error as e:
            answer.error = _clip(str(e))
        except Exception as e:
            traceback.print_exc()
            answer.error = _clip(f"{type(e).__name__}: {e}")
        return answer

    def close(self):
        if self.impl is not None and hasattr(self.impl, "close"):
            self.impl.close()


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


_EVERY = 255  # rows between two looks at whether somebody still waits


class _Worker:
    """The handling of one batch."""

    def __init__(self, stage, batch, active):
        self.stage, self.batch, self.active = stage, batch, active
        self.total = batch.rows
        self.deadline = time.monotonic() + (batch.budget_ns / 1e9 if batch.budget_ns > 0 else _HOUR)
        self.errors, self.dropped = [], []
        self.undeclared = self.bad_values = self.panics = self.lost = 0
        self.read, self.loaded = {}, {}
        self.lines = None
        columns.want(batch.rows <= 1 << 20 and len(batch.columns) <= 4096, "a batch of too many rows or columns")
        message = next((c for c in reversed(batch.columns) if c.field == stage.message), None)
        if message is not None:
            columns.want(message.type == wire.STRING and message.encoding == wire.PLAIN and not message.present
                          and not message.lists, "lines that are not plain strings")
            columns.check(message, self.total, None)
            self.lines = columns.strings(message)
        for c in batch.columns:
            if c is not message:
                columns.check(c, self.total, self.lines)
            self.read[stage.names.get(c.field, c.name)] = c
        self.columns = {d.name: columns.BUILDERS[d.type](d) for d in stage.writes}
        self.fan, self.parents = None, []

    def result(self):
        out = wire.Result(seq=self.batch.seq, rows=self.total)
        kind, impl = self.stage.kind, self.stage.impl
        if kind == wire.MASKER:
            self.mask(impl, out)
        elif kind == wire.DETECTOR:
            def emit(alert):
                out.alerts.append(alert_to_wire(alert))
            self.each(lambda ev: impl.detect(ev, emit))
        elif kind == wire.ENRICHER:
            self.each(impl.enrich)
        elif hasattr(impl, "parse_many"):
            self.each(lambda ev: impl.parse_many(ev.line, self.numbered(ev)))
        else:
            self.each(lambda ev: impl.parse(ev.line, ev))
        self.finish(out)
        return out

    def each(self, call):
        ev = Event(self, self.columns)
        lines, active = self.lines, self.active
        for row in range(self.total):
            ev._row = ev._source = row
            if lines is not None:
                ev.line = lines[row]
            if row & _EVERY == _EVERY and not active():
                raise Cancelled
            try:
                call(ev)
            except Skip:
                self.dropped.append(row)
            except Permanent as e:
                self.fail(row, "error", str(e), wire.DEAD_LETTER)
            except RetryAfter as e:
                self.fail(row, "error", str(e), wire.RETRY, max(1, round(e.seconds * 1000)))
            except Error as e:
                self.fail(row, "error", str(e))
            except Exception as e:
                self.panicked(row, e)

    def numbered(self, first):
        """The function that makes the events of a line one after the other."""
        count = 0

        def next_event():
            nonlocal count
            count += 1
            if count == 1:
                return first
            return self.another(first, count)
        return next_event

    def another(self, first, count):
        if self.fan is None:
            self.fan = {d.name: columns.BUILDERS[d.type](d) for d in self.stage.writes}
        if count > MAX_FAN_OUT:  # what is set on it is lost, and the line says so
            self.lost += 1
            if count == MAX_FAN_OUT + 1:
                self.fail(first._row, "fan_out", f"more than {MAX_FAN_OUT} events in one line; the rest is lost")
            ev = Event(self, {d.name: columns.BUILDERS[d.type](d) for d in self.stage.writes})
        else:
            ev = Event(self, self.fan)
            self.parents.append(first._row)
        ev.line, ev._row, ev._source = first.line, len(self.parents) - 1, first._row
        return ev

    def panicked(self, row, e):
        self.panics += 1
        traceback.print_exc()
        for c in self.columns.values():
            c.undo(row)
        self.fail(row, "panic", f"the plugin raised {type(e).__name__}; its log has the traceback")
        while self.parents and self.parents[-1] == row:  # the line is one unparsed event
            self.parents.pop()
            for c in self.fan.values():
                c.undo(len(self.parents))

    def fail(self, row, code, message, disposition=0, retry_ms=0):
        e = wire.RowError(row=row, code=code, message=_clip(message), disposition=disposition, retry_after_ms=retry_ms)
        if self.errors and self.errors[-1].row == row:  # it says more than a note of a bad value
            self.errors[-1] = e
        else:
            self.errors.append(e)

    def bad(self, row, field, reason):
        self.bad_values += 1
        if not self.errors or self.errors[-1].row != row:
            self.errors.append(wire.RowError(row=row, code="bad_value", field=_clip(field),
                                             message=_clip(f"{field}: {reason}")))

    def value(self, field, row):
        values = self.loaded.get(field)
        if values is None:
            c = self.read.get(field)
            values = columns.read(c, self.total, self.lines) if c is not None else [None] * self.total
            self.loaded[field] = values
        return values[row]

    def instant(self, text, layout, zone, row):
        """The instant of a text; most lines of a batch share theirs with others."""
        name = zone
        if zone is None:
            name = (self.value("event.timezone", row) or b"").decode("utf-8", "replace")
        received = self.value("event.ingested", row) or time.time_ns()
        known = self.stage.instants
        key = (text, layout, name, received // (86400 * 10**9))
        ns = known.get(key)
        if ns is None and key not in known:
            try:
                at = times.zone_of(name)
            except (ValueError, LookupError, OSError):
                if zone is not None:
                    raise Error(f"{zone} is no IANA zone that this machine knows") from None
                at = times.UTC
            ns = times.read(text, layout, at, received)
            if len(known) >= _MAX_INSTANTS:
                known.clear()
            known[key] = ns
        return ns

    def mask(self, impl, out):
        edits = Edits()
        for c in self.batch.columns:
            line = c.field == self.stage.message
            if not line and (c.type != wire.STRING or c.encoding != wire.PLAIN or c.lists):
                continue
            rows = columns.rows_of(c.present, self.total) if c.present else range(self.total)
            texts = self.lines if line else columns.strings(c)
            found, replacements = [], {}
            field = self.stage.names.get(c.field, c.name)
            for row, text in zip(rows, texts):
                if row & _EVERY == _EVERY and not self.active():
                    raise Cancelled
                edits.begin(field, text)
                try:
                    impl.mask(text, edits)
                    merged = edits.merged()
                except Exception as e:
                    if not isinstance(e, Error):
                        self.panics += 1
                        traceback.print_exc()
                    text = str(e) if isinstance(e, Error) else f"the plugin raised {type(e).__name__}"
                    self.errors.append(wire.RowError(row=row, code="mask", message=_clip(text)))
                    continue
                for start, end, text in merged:
                    found += (row, start, end, replacements.setdefault(text, len(replacements)))
            if found:
                out.edits.add(field=c.field, edits=columns.pack("I", found), replacements=list(replacements))
        self.errors.sort(key=lambda e: e.row)

    def finish(self, out):
        line = self.lines.__getitem__ if self.lines is not None else None
        out.columns.extend(c.finish(self.total, line) for c in self.columns.values() if c.values)
        out.errors.extend(self.errors)
        if self.dropped:
            out.drop = columns.bitmap(self.dropped, self.total)
        if self.parents:
            parents = self.parents
            out.fanout.rows, out.fanout.parents = len(parents), columns.pack("I", parents)
            out.fanout.columns.extend(c.finish(len(parents), lambda row: self.lines[parents[row]])
                                      for c in self.fan.values() if c.values)
        for name, n in (("undeclared_fields", self.undeclared), ("bad_values", self.bad_values),
                        ("panics", self.panics), ("fan_out_lost", self.lost)):
            if n:
                out.counters[name] = n


def _clip(text):
    """At most 512 bytes of text, whole characters, as protobuf wants them."""
    return text.encode("utf-8", "replace")[:_MAX_NOTE].decode("utf-8", "ignore")


def alert_to_wire(a):
    """The alert as the protocol carries it."""
    values = {f.name: getattr(a, f.name) for f in dataclasses.fields(Alert)}
    values["id"] = a.identity()
    return wire.Alert(**values)


def alert_from_wire(a):
    """The reverse of alert_to_wire."""
    values = {f.name: getattr(a, f.name) for f in dataclasses.fields(Alert)}
    values["keys"], values["fields"] = dict(a.keys), dict(a.fields)
    values["event_ids"], values["tags"] = list(a.event_ids), list(a.tags)
    return Alert(**values)
