"""What an author writes: one class of one of these kinds, with one method.

One object serves all calls, several at once from different threads, so what it keeps must be safe for that; a
Detector sees one batch at a time, in the order of the journal.
"""


class Plugin:
    """The base of all kinds. Optional methods:

    close(self): called once before the process ends.
    """

    kind = 0  # wire.Kind


class Parser(Plugin):
    """Understands the lines of one device.

    Optional: parse_many(self, line, next_event), called instead of parse for lines that hold several events.
    next_event() is the next event of the line, the first time the line's own; at most 256 a line.
    """

    kind = 1

    def parse(self, line, ev):
        """Set what is found in line (bytes: valid UTF-8 without a line end) on ev. No I/O.

        An Error keeps the event, with what was set so far, marked unparsed; Skip drops it, if the manifest permits;
        Permanent makes it a dead letter. Any other exception is a fault of the plugin: the event is kept without
        what was set, and the traceback goes to the host's log.
        """
        raise NotImplementedError


class Enricher(Plugin):
    """Adds what is known elsewhere of an event."""

    kind = 2

    def enrich(self, ev):
        """Read fields by ev.get and set others. May do I/O for ev.time_left() seconds.

        An Error keeps the event, with what was set so far, marked unenriched; RetryAfter has it sent again;
        Permanent makes it a dead letter.
        """
        raise NotImplementedError


class Masker(Plugin):
    """Says what of a text must not be stored."""

    kind = 3

    def mask(self, text, edits):
        """Add edits for the secrets in text (bytes), which is a line, or the value of edits.field where that is not a
        part of its line. An exception withholds the event's text.
        """
        raise NotImplementedError


class Detector(Plugin):
    """Watches events in journal order and raises alerts.

    Optional methods:

    tick(self, watermark, emit): called behind a batch when event time has moved on to watermark, in nanoseconds
    since 1970: windows that end before it can be closed. Nothing but events and ticks may decide, no clock, because
    after a crash both come again in the same order.

    snapshot(self) -> bytes and restore(self, state): the state. The host restores the last snapshot into a fresh
    process and replays from there, so that a crash neither loses nor repeats an alert.
    """

    kind = 4

    def detect(self, ev, emit):
        """Look at one event; emit(Alert(...)) raises an alert."""
        raise NotImplementedError


class Notifier(Plugin):
    """Delivers alerts."""

    kind = 5

    def notify(self, alert):
        """Deliver an alert, perhaps again with the same id. An Error is final, RetryAfter asks for another try."""
        raise NotImplementedError
