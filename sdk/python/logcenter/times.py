"""Reads the times of device logs: text and layout in, nanoseconds since 1970 UTC out."""

import calendar
import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"epoch": 9, "epoch_ms": 6, "epoch_us": 3, "epoch_ns": 0}
_FRACTION = re.compile(r"(?<=:\d\d)[.,](\d{1,9})(?!\d)")
_MOST = 1 << 62


def zone_of(name):
    """The zone of an IANA name; "" is UTC. A name that is unknown raises an error."""
    return ZoneInfo(name) if name and name != "UTC" else UTC


def read(text, layout, zone, received):
    """The instant that text names, or None.

    layout is "iso" (ISO 8601, RFC 3339), "epoch", "epoch_ms", "epoch_us", "epoch_ns", or a format of strptime. zone
    is where the clock stands if text does not say. Without %Y or %y in the format it is the year nearest to
    received, in nanoseconds. Fractions of a second go behind %S without %f, with up to nine digits.
    """
    if layout in _UNITS:
        return _epoch(text, _UNITS[layout])
    fraction = 0
    try:
        if layout == "iso":
            text, fraction = _cut(text)
            t = datetime.fromisoformat(text)
        elif "%Y" in layout or "%y" in layout or "%c" in layout or "%x" in layout:
            if "%f" not in layout:
                text, fraction = _cut(text)
            t = datetime.strptime(text, layout)
        else:
            if "%f" not in layout:
                text, fraction = _cut(text)
            t = _nearest(text, layout, zone, received)
        if t.tzinfo is None:
            t = t.replace(tzinfo=zone)
        since = t - _EPOCH
    except (ValueError, OverflowError):
        return None
    ns = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000 + fraction
    return ns if -_MOST < ns < _MOST else None


def _epoch(text, digits):
    whole, _, rest = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    whole = whole.removeprefix("-")
    if not whole.isascii() or not whole.isdigit() or rest and (not rest.isascii() or not rest.isdigit()):
        return None
    ns = int(whole) * 10**digits + int((rest + "0" * digits)[:digits] or 0)
    return sign * ns if ns < _MOST else None


def _cut(text):
    """text without its fraction of a second, and that in nanoseconds: datetime knows six digits only."""
    m = _FRACTION.search(text)
    if m is None:
        return text, 0
    return text[:m.start()] + text[m.end():], int(m[1].ljust(9, "0"))


def _nearest(text, layout, zone, received):
    """The time in the year that brings it nearest to received. strptime alone would take 1900, which has no
    29 February."""
    at = _EPOCH + timedelta(microseconds=received // 1000)
    best = None
    for year in (at.year - 1, at.year, at.year + 1):
        try:
            t = datetime.strptime(f"{year} {text}", "%Y " + layout)
        except ValueError:
            if calendar.isleap(year):
                raise
            continue  # 29 February in another year
        if t.tzinfo is None:
            t = t.replace(tzinfo=zone)
        if best is None or abs(t - at) < abs(best - at):
            best = t
    if best is None:
        raise ValueError("no such day in the years around the time of receipt")
    return best
