"""Parses the lines of ACME VPN gateways, a made-up product.

    <PRI>YYYY-MM-DD HH:MM:SS HOST acmevpn[PID]: MESSAGE key=value key="value" ...

MESSAGE is LOGIN, LOGOUT or STATUS. The device's clock is local time.
"""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from logcenter import Error, Parser, pairs, serve


@dataclass
class Config:
    timezone: Annotated[str, "IANA zone of the gateway's clock, e.g. Asia/Shanghai: its lines carry none. "
                             "Empty means the zone of the input."] = ""

    def __post_init__(self):
        if self.timezone:
            ZoneInfo(self.timezone)


# What becomes of a key: the field of its value.
FIELDS = {
    b"user": "user.name",
    b"src": "source.ip",
    b"port": "source.port",
    b"tunnel": "acmevpn.tunnel_ip",
    b"profile": "acmevpn.profile",
    b"method": "acmevpn.method",
    b"reason": "event.reason",
    b"rx": "source.bytes",
    b"tx": "destination.bytes",
    b"password": "user.password",
    b"sessions": "acmevpn.sessions",
}
OUTCOMES = {b"ok": "success", b"failed": "failure"}
TYPES = {b"LOGIN": "start", b"LOGOUT": "end", b"STATUS": "info"}
MARK = b" acmevpn["


class AcmeVPN(Parser):
    def __init__(self, config):
        self.zone = config.timezone or None

    def parse(self, line, ev):
        mark = line.find(MARK)
        if mark < 0:
            raise Error("acmevpn: want HOST acmevpn[PID]: behind the time")
        self.head(line, mark, ev)
        start = line.find(b"]: ", mark)
        if start < 0:
            raise Error("acmevpn: want ]: behind the PID")
        start += 3
        end = line.find(b" ", start)
        word = line[start:end if end > 0 else len(line)]
        if word not in TYPES:
            raise Error("acmevpn: want LOGIN, LOGOUT or STATUS behind the PID")
        ev.span("event.action", start, start + len(word))
        ev.label("event.type", TYPES[word])
        ev.label("logcenter.log_type", "run_state" if word == b"STATUS" else "other")
        if word != b"STATUS":
            ev.label("event.category", "authentication")
        for key, begin, end in pairs(line, start=start):
            if key in FIELDS:
                ev.span(FIELDS[key], begin, end)
            elif key == b"result":
                ev.label("event.outcome", OUTCOMES.get(line[begin:end], "unknown"))
            elif key == b"duration":
                self.seconds(line[begin:end], ev)

    def head(self, line, mark, ev):
        """<PRI>, time and host."""
        close = line.find(b">", 0, 5)
        digits = line[1:close] if line.startswith(b"<") else b""
        if digits.isdigit() and int(digits) < 192:
            ev.set("event.severity", int(digits) % 8)
            ev.severity(int(digits) % 8)
        host = line.rfind(b" ", 0, mark) + 1
        ev.time("%Y-%m-%d %H:%M:%S", line[close + 1:host - 1], zone=self.zone)
        ev.span("host.name", host, mark)
        ev.span("observer.name", host, mark)

    def seconds(self, text, ev):
        """event.duration, which is in nanoseconds."""
        if text.isdigit() and len(text) < 10:
            ev.set("event.duration", int(text) * 10**9)
        else:
            ev.bad("event.duration", "not a number of seconds below 1,000,000,000")


if __name__ == "__main__":
    serve(AcmeVPN, Config)
