"""The plugin's process: go-plugin's handshake, and the gRPC services that the host calls.

Shared memory is for plugins in Go; Describe does not offer it, and bodies travel over the socket.
"""

import ctypes
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent import futures

import grpc

from . import columns, stage
from . import wire_pb2 as wire

# What host and plugin must agree on, as sdk.Handshake has it.
_COOKIE = ("LOGCENTER_PLUGIN", "5c1d-stage")
_CORE_PROTOCOL, _PROTOCOL = 1, 1
_MAX_MESSAGE = 64 << 20
_CALLS = 72  # at once: the host has up to 64 streams, and go-plugin one
_CHUNK = 1 << 20  # of a detector's state
_SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


def run(plugin, config_class):
    """Serve a plugin until the host ends this process."""
    served = stage.Stage(plugin, config_class)
    if os.environ.get(_COOKIE[0]) != _COOKIE[1]:
        print(f"This is a {stage._KINDS[served.kind]} plugin of Logcenter. The host starts it; "
              "try `logcenter plugin list`.", file=sys.stderr)
        sys.exit(2)
    # Whoever stops the host's whole process group means the host: it ends its plugins when the last event is through.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _watch_parent()
    _log_to_host()
    server = grpc.server(futures.ThreadPoolExecutor(_CALLS), options=[
        ("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)])
    server.add_generic_rpc_handlers(_handlers(served))
    # The host gives each process a folder of its own for its socket.
    folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or tempfile.mkdtemp(prefix="logcenter-")
    address = os.path.join(folder, "plugin.sock")
    server.add_insecure_port("unix:" + address)
    server.start()
    hello = f"{_CORE_PROTOCOL}|{_PROTOCOL}|unix|{address}|grpc|\n"
    os.write(1, hello.encode())
    os.dup2(2, 1)  # the host reads no more of it; what an author prints goes to its log
    server.wait_for_termination()


def _watch_parent():
    """End this process when the host is gone: go-plugin leaves the plugins of a killed host running."""
    parent = os.getppid()
    try:  # the kernel's signal comes at once, but only when the very thread that started us ends
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)
    except (OSError, AttributeError):
        pass  # the watch below does it

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(3)
    threading.Thread(target=watch, daemon=True).start()


class _HostLog(logging.Formatter):
    """Lines of module logging in the form that go-plugin turns into the host's log."""

    def format(self, record):
        level = "error" if record.levelno >= 40 else "warn" if record.levelno >= 30 else "info"
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return json.dumps({"@level": level, "@message": text, "@module": record.name})


def _log_to_host():
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_HostLog())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _handlers(served):
    """The services of the protocol, and go-plugin's own as far as the host uses them."""
    unary, many = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
    s = _Server(served)
    return (
        grpc.method_handlers_generic_handler("logcenter.plugin.v1.Stage", {
            "Describe": unary(s.describe, wire.DescribeRequest.FromString, wire.DescribeResponse.SerializeToString),
            "Open": unary(s.open, wire.OpenRequest.FromString, wire.OpenResponse.SerializeToString),
            "Process": unary(s.process, wire.Batch.FromString, wire.Result.SerializeToString),
            "ProcessStream": many(s.process_stream, wire.Batch.FromString, wire.Result.SerializeToString),
            "Tick": unary(s.tick, wire.TickRequest.FromString, wire.Result.SerializeToString),
            "Snapshot": grpc.unary_stream_rpc_method_handler(
                s.snapshot, wire.SnapshotRequest.FromString, wire.StateChunk.SerializeToString),
            "Restore": grpc.stream_unary_rpc_method_handler(
                s.restore, wire.StateChunk.FromString, wire.RestoreResponse.SerializeToString),
            "Notify": unary(s.notify, wire.Alert.FromString, wire.NotifyResponse.SerializeToString),
            "Close": unary(s.close, wire.CloseRequest.FromString, wire.CloseResponse.SerializeToString),
        }),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": unary(lambda r, c: _SERVING)}),
        grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": unary(s.shutdown)}),
        grpc.method_handlers_generic_handler("plugin.GRPCStdio", {
            "StreamStdio": grpc.unary_stream_rpc_method_handler(_no_stdio)}),
    )


def _no_stdio(request, context):
    """Stays open without a word: what is printed goes to the process's standard error, which the host reads."""
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait()
    return iter(())


class _Server:
    """Answers the host."""

    def __init__(self, served):
        self.stage = served
        self.gate = threading.Lock()
        self.opened = False

    def describe(self, request, context):
        return self.stage.describe()

    def open(self, request, context):
        with self.gate:
            if self.opened:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "already open")
            try:
                self.stage.open(request)
            except ValueError as e:
                return wire.OpenResponse(error=str(e), error_path=getattr(e, "path", ""))
            self.opened = True
        gc.collect()
        gc.freeze()  # what a plugin has loaded is not looked through again
        gc.set_threshold(200_000, 20, 20)  # batches make many tuples and no cycles
        return wire.OpenResponse()

    def _ready(self, context):
        if not self.opened:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not open")

    def process(self, batch, context):
        self._ready(context)
        if batch.HasField("shm"):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "this SDK has no shared memory")
        try:
            return self.stage.process(batch, context.is_active)
        except columns.BadBatch as e:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"bad batch: {e}")
        except stage.Cancelled:
            context.abort(grpc.StatusCode.CANCELLED, "nobody waits any more")

    def process_stream(self, batches, context):
        for batch in batches:
            yield self.process(batch, context)

    def tick(self, request, context):
        self._ready(context)
        return self.stage.tick(request)

    def snapshot(self, request, context):
        self._ready(context)
        offset, state = self.stage.snapshot()
        for at in range(0, len(state), _CHUNK):
            yield wire.StateChunk(data=state[at:at + _CHUNK])
        yield wire.StateChunk(offset=offset)  # the last chunk says it

    def restore(self, chunks, context):
        self._ready(context)
        offset, state = None, bytearray()
        for c in chunks:
            if offset is None:
                offset = c.offset
            state += c.data
        try:
            self.stage.restore(offset or 0, bytes(state))
        except Exception as e:
            logging.exception("restore")
            return wire.RestoreResponse(error=f"{type(e).__name__}: {e}")
        return wire.RestoreResponse()

    def notify(self, alert, context):
        self._ready(context)
        return self.stage.notify(alert)

    def close(self, request, context):
        self.stage.close()
        return wire.CloseResponse()

    def shutdown(self, request, context):
        threading.Timer(0.1, os._exit, (0,)).start()  # once this is answered
        return b""


