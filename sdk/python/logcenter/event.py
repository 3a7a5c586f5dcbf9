"""What an author's methods are handed: the cursor on an event, the edits of a text, alerts, and the few errors."""

import time as clock
from dataclasses import dataclass, field
from hashlib import sha256


class Error(Exception):
    """Keeps the event and marks it. Its text is stored with the event, so it must not quote the line."""


class Permanent(Error):
    """Makes the event a dead letter."""


class Skip(Exception):
    """Drops the event, counted; only if plugin.yaml has permissions: {drop: true}."""


class RetryAfter(Error):
    """Asks an enricher or notifier to be called again for this event or alert after some seconds: a few times, and for
    events within two seconds."""

    def __init__(self, seconds, message="try again"):
        super().__init__(message)
        self.seconds = seconds


class Bad(ValueError):
    """A configuration that a plugin refuses; its text is for the admin."""


_LOWER = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def _lower(text):
    return text.translate(_LOWER)


class Event:
    """A cursor on one event of a batch. Valid during the call it was handed to, for one thread.

    Setters take a field that plugin.yaml lists under writes; others are ignored and counted. None and empty values
    set nothing. A value that does not fit the field's type is noted on the event and the rest goes on, so there is
    no need to check. Setting a field again replaces its value; a list field gets one more.
    """

    __slots__ = ("line", "_row", "_source", "_columns", "_worker")

    def __init__(self, worker, columns):
        self._worker, self._columns = worker, columns
        self.line, self._row, self._source = b"", 0, 0

    def set(self, field, value):
        """Set field from a part of the line (bytes; str is taken as its UTF-8), or to a number, truth value, address.

        Where value stands once in the line it is recorded as that place. Where it stands several times it is a copy
        that is masked if any of them is; span, group and pairs are exact, and faster. Numbers, addresses and truth
        values are read from text.
        """
        if value is None:
            return
        column = self._columns.get(field)
        if column is None:
            self._worker.undeclared += 1
            return
        try:
            reason = column.set(self._row, self.line, value)
        except (TypeError, ValueError, AttributeError):
            reason = "cannot be set to a " + type(value).__name__
        if reason:
            self.bad(field, reason)

    def span(self, field, start, end):
        """Set field to line[start:end]."""
        column = self._columns.get(field)
        if column is None:
            self._worker.undeclared += 1
            return
        reason = column.span(self._row, self.line, start, end)
        if reason:
            self.bad(field, reason)

    def group(self, field, match, group=0):
        """Set field to a group of a match on the line; one that took no part sets nothing."""
        start, end = match.span(group)
        if start >= 0:
            self.span(field, start, end)

    def copy(self, field, value, start, end):
        """Set field to value, which was made (decoded, joined) from line[start:end]: masking then knows what it shows.
        """
        column = self._columns.get(field)
        if column is None:
            self._worker.undeclared += 1
            return
        if column.copy is None:
            self.bad(field, "cannot be set to text")
            return
        if not value:
            return
        value = value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value)
        if not 0 <= start <= end <= len(self.line):
            self.bad(field, "was made of something outside the line")
            return
        reason = column.copy(self._row, value, start, end)
        if reason:
            self.bad(field, reason)

    def label(self, field, text):
        """Set field to a word of the plugin's own, such as "success", that is no part of the line. Each is sent once a
        batch."""
        column = self._columns.get(field)
        if column is None:
            self._worker.undeclared += 1
            return
        reason = column.label(self._row, text)
        if reason:
            self.bad(field, reason)

    def time(self, layout, *parts, zone=None, field="@timestamp"):
        """Set a date from parts of the line, joined by one space.

        layout is "iso" (ISO 8601, RFC 3339), "epoch", "epoch_ms", "epoch_us", "epoch_ns", or a format of strptime;
        fractions of a second need no %f. zone, an IANA name, is where the device's clock stands if the text does not
        say; None means the zone of the input, UTC if that has none. Without a year in the format it is the one nearest
        to the time of receipt.
        """
        if not parts or not parts[0]:
            return
        column = self._columns.get(field)
        if column is None:
            self._worker.undeclared += 1
            return
        text = parts[0] if len(parts) == 1 else (b" " if isinstance(parts[0], bytes) else " ").join(parts)
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        ns = self._worker.instant(text, layout, zone, self._source)
        if ns is None:
            self.bad(field, "not a time of the form " + layout)
            return
        reason = column.set(self._row, self.line, ns)
        if reason:
            self.bad(field, reason)

    def level(self, severity):
        """Set log.level: Debug, Info, Warn, Error or Fatal."""
        self.label("log.level", severity)

    def severity(self, word):
        """Set log.level from the device's word or number for how grave the event is, by the table severity of plugin.yaml,
        which an admin may have changed. The case of ASCII letters does not matter. False, and nothing is set, for what
        the table does not have."""
        if isinstance(word, bytes):
            word = word.decode("utf-8", "replace")
        level = self._worker.stage.severity.get(_lower(str(word)))
        if level is None:
            return False
        self.label("log.level", level)
        return True

    def bad(self, field, reason):
        """Note on the event that field has no value because of reason, which must not quote the value. The first note
        of an event is stored with it, all are counted."""
        self._worker.bad(self._source, field, reason)

    def get(self, field):
        """The value of a field that plugin.yaml lists under reads, None if there is none: bytes, int, float, bool, an
        address as str, nanoseconds since 1970, (latitude, longitude), or a list of these. What this event set is not
        seen."""
        return self._worker.value(field, self._source)

    def time_left(self):
        """Seconds until the host wants its answer."""
        return max(0.0, self._worker.deadline - clock.monotonic())


class Edits:
    """Collects what to replace in one text. Valid during the call it was handed to.

    field is the name of the field whose value the text is: message for the line, "" for one that plugin.yaml does not
    list.
    """

    __slots__ = ("field", "_size", "_text", "_list", "_outside")

    def begin(self, field, text):
        self.field, self._text, self._size = field, text, len(text)
        self._list, self._outside = [], False

    def replace(self, start, end, text):
        """Have bytes [start, end) replaced by text (str or bytes). Ranges may come in any order and overlap: overlapping ones become
        one, replaced by what the first of them said. A range that is not inside the text withholds the whole text.
        """
        if not 0 <= start <= end <= self._size:
            self._outside = True
            return
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair is no text
        t = self._text  # never leave half a character behind
        while 0 < start < self._size and t[start] & 0xC0 == 0x80:
            start -= 1
        while end < self._size and t[end] & 0xC0 == 0x80:
            end += 1
        self._list.append((start, end, text))

    def merged(self):
        """The ranges in order, none overlapping; an error if one was outside."""
        if self._outside:
            raise Error("an edit reaches outside the text")
        out = []
        for start, end, text in sorted(self._list, key=lambda e: e[0]):
            if out and start < out[-1][1]:
                out[-1] = (out[-1][0], max(out[-1][1], end), out[-1][2])
            else:
                out.append((start, end, text))
        return out


@dataclass
class Alert:
    """What a detector raises and a notifier delivers. Times are nanoseconds since 1970, 0 for none."""

    rule: str = ""  # id of the rule
    id: str = ""  # deterministic; empty has it made of rule, keys and first
    rule_version: str = ""
    name: str = ""
    description: str = ""
    topic: str = ""  # stream or query it watches
    type: str = ""  # frequency, keyword, sequence, ...
    method: str = ""  # how it is told
    frequency: str = ""  # how often it is checked
    remarks: str = ""
    severity: str = ""  # one of the five severities
    priority: int = 0  # 1 (at once) to 5
    keys: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)
    event_ids: list = field(default_factory=list)
    event_count: int = 0  # events behind it
    first_ns: int = 0  # the start of its window
    last_ns: int = 0
    tags: list = field(default_factory=list)

    def identity(self):
        """The id: the same however often the alert is raised."""
        if self.id:
            return self.id
        h = sha256(repr((self.rule, self.first_ns, sorted(self.keys.items()))).encode())
        return h.hexdigest()[:32]
