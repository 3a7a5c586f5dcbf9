"""All that a plugin of Logcenter in Python is made with.

A plugin is a program of its own that the host starts. Its author writes one class with one method and one
line that serves it:

    from logcenter import Parser, serve

    class AcmeVPN(Parser):
        def parse(self, line, ev):
            user, _, address = line.partition(b" from ")
            ev.set("user.name", user)
            ev.set("source.ip", address)

    if __name__ == "__main__":
        serve(AcmeVPN)

A class with a configuration names the dataclass that holds it, serve(AcmeVPN, Config), and is made with one:
see config.py. The SDK talks to the host, moves events in columns, loops over them, catches exceptions event by
event and reports them event by event. Needs Python 3.11 or later, grpcio and protobuf.
"""

from .event import Alert, Bad, Edits, Error, Event, Permanent, RetryAfter, Skip
from .kinds import Detector, Enricher, Masker, Notifier, Parser
from .scan import pairs
from .version import VERSION

__all__ = [
    "Alert", "Bad", "Detector", "Edits", "Enricher", "Error", "Event", "Masker", "Notifier", "Parser", "Permanent",
    "RetryAfter", "Skip", "VERSION", "pairs", "serve", "syslog_severity",
]


def serve(plugin, config=None):
    """Run the plugin's process: make plugin(config) once the host has sent its configuration, and answer the host
    until it ends this process.

    plugin is a subclass of Parser, Enricher, Masker, Detector or Notifier. config is the dataclass of its
    configuration; without one, plugin is made without an argument.
    """
    from .server import run  # grpc takes a while to load, and tests of a plugin do without

    run(plugin, config)


def syslog_severity(number):
    """The unified severity (log.level) of a syslog severity, 0 to 7 (RFC 5424, 6.2.1); higher numbers count as 7."""
    return ("Fatal", "Fatal", "Fatal", "Error", "Warn", "Info", "Info", "Debug")[min(max(number, 0), 7)]
