package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/logcenter/logcenter/sdk/gc"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/wire"
)

// grpcPlugin is the plugin side of go-plugin's contract.
type grpcPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	server *server
}

func (p *grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	wire.RegisterStageServer(g, p.server)
	return nil
}

func (p *grpcPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("plugins have no clients")
}

// server answers the host.
type server struct {
	wire.UnimplementedStageServer
	stage   *Stage
	measure *measure

	mu       sync.Mutex
	opened   bool
	requests *wire.Region
	replies  *wire.Region
}

func (s *server) Describe(context.Context, *wire.DescribeRequest) (*wire.DescribeResponse, error) {
	return s.stage.Describe(), nil
}

// garbage is what a plugin's batches may leave behind before it is collected.
const garbage = 24 << 20

func (s *server) Open(_ context.Context, r *wire.OpenRequest) (*wire.OpenResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened {
		return nil, status.Error(codes.FailedPrecondition, "already open")
	}
	if err := s.stage.Open(r); err != nil {
		o := &wire.OpenResponse{Error: utf8Text(err)}
		var paths []string
		for _, e := range schema.Errors(err) {
			if e.Path != "" {
				paths = append(paths, e.Path)
			}
		}
		o.ErrorPath = strings.Join(paths, ",")
		return o, nil
	}
	if m := r.Shm; m != nil {
		var err error
		if s.requests, err = wire.OpenRegion(uintptr(m.RequestFd), int(m.Slots), int(m.SlotBytes), false); err != nil {
			return &wire.OpenResponse{Error: err.Error()}, nil
		}
		if s.replies, err = wire.OpenRegion(uintptr(m.ReplyFd), int(m.Slots), int(m.SlotBytes), true); err != nil {
			return &wire.OpenResponse{Error: err.Error()}, nil
		}
	}
	s.opened = true
	debug.FreeOSMemory() // what loading tables left behind
	gc.Tune(garbage)
	s.measure.start()
	return &wire.OpenResponse{Reads: s.stage.Reads(), Targets: s.stage.Targets()}, nil
}

// utf8Text is the text of an error, which may quote anything; protocol buffers refuse to carry what is not UTF-8.
func utf8Text(err error) string { return strings.ToValidUTF8(err.Error(), "?") }

func (s *server) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opened {
		return status.Error(codes.FailedPrecondition, "not open")
	}
	return nil
}

// Process is for hosts and tools that know stock gRPC only; the host uses ProcessStream.
func (s *server) Process(ctx context.Context, b *wire.Batch) (out *wire.Result, err error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	err = s.stage.Process(ctx, b, func(r *wire.Result) error {
		out = proto.Clone(r).(*wire.Result) // the result's memory is the worker's, gRPC encodes after return
		return nil
	})
	return out, err
}

func (s *server) ProcessStream(st grpc.BidiStreamingServer[wire.Batch, wire.Result]) error {
	if err := s.ready(); err != nil {
		return err
	}
	for {
		var in wire.Incoming
		if err := st.RecvMsg(&in); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		out, err := s.handle(st.Context(), &in)
		in.Free()
		if err != nil {
			return err
		}
		if err := st.SendMsg(out); err != nil {
			return err
		}
	}
}

// handle decodes, processes and encodes, as in is freed and the worker's memory reused when it returns.
func (s *server) handle(ctx context.Context, in *wire.Incoming) (out *wire.Outgoing, err error) {
	var b wire.Batch
	if err := in.Decode(&b); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	slot := -1
	if ref := b.Shm; ref != nil {
		if s.requests == nil || int(ref.Slot) >= s.requests.Slots() || ref.Length > uint64(len(s.requests.Slot(int(ref.Slot)))) {
			return nil, status.Error(codes.InvalidArgument, "shared memory reference out of range")
		}
		slot = int(ref.Slot)
		b.Reset()
		if err := b.UnmarshalVTUnsafe(s.requests.Slot(slot)[:ref.Length]); err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
	}
	before := s.measure.allocated()
	err = s.stage.Process(ctx, &b, func(r *wire.Result) (err error) {
		s.measure.count(r, before)
		if slot >= 0 {
			if n := r.SizeVT(); n <= len(s.replies.Slot(slot)) {
				if _, err := r.MarshalToSizedBufferVT(s.replies.Slot(slot)[:n]); err != nil {
					return err
				}
				out, err = wire.Encode(&wire.Result{Seq: b.Seq, Shm: &wire.ShmRef{Slot: uint32(slot), Length: uint64(n)}})
				return err
			}
		}
		out, err = wire.Encode(r)
		return err
	})
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return out, nil
}

func (s *server) Tick(_ context.Context, r *wire.TickRequest) (out *wire.Result, err error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	err = s.stage.Tick(r, func(r *wire.Result) error {
		out = proto.Clone(r).(*wire.Result)
		return nil
	})
	return out, err
}

// chunkBytes is the size of the pieces in which state travels.
const chunkBytes = 1 << 20

func (s *server) Snapshot(_ *wire.SnapshotRequest, st grpc.ServerStreamingServer[wire.StateChunk]) error {
	if err := s.ready(); err != nil {
		return err
	}
	w := &chunkWriter{st: st, buf: make([]byte, 0, chunkBytes)}
	offset, err := s.stage.Snapshot(w)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return w.finish(offset)
}

type chunkWriter struct {
	st  grpc.ServerStreamingServer[wire.StateChunk]
	buf []byte
}

func (w *chunkWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(cap(w.buf)-len(w.buf), len(p))
		w.buf, p = append(w.buf, p[:k]...), p[k:]
		if len(w.buf) == cap(w.buf) {
			if err := w.st.Send(&wire.StateChunk{Data: w.buf}); err != nil {
				return 0, err
			}
			w.buf = make([]byte, 0, chunkBytes) // gRPC may still read the old one
		}
	}
	return n, nil
}

// finish sends the rest; only the last chunk says the offset.
func (w *chunkWriter) finish(offset uint64) error {
	return w.st.Send(&wire.StateChunk{Data: w.buf, Offset: offset})
}

func (s *server) Restore(st grpc.ClientStreamingServer[wire.StateChunk, wire.RestoreResponse]) error {
	if err := s.ready(); err != nil {
		return err
	}
	r := &chunkReader{st: st}
	first, err := st.Recv()
	if err != nil {
		return err
	}
	r.buf = first.Data
	lookAtLists()
	if err := s.stage.Restore(r, first.Offset); err != nil {
		return st.SendAndClose(&wire.RestoreResponse{Error: utf8Text(err)})
	}
	return st.SendAndClose(&wire.RestoreResponse{})
}

// chunkReader reads the chunks of a restore; the first one says the offset.
type chunkReader struct {
	st  grpc.ClientStreamingServer[wire.StateChunk, wire.RestoreResponse]
	buf []byte
}

func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.buf) == 0 {
		c, err := r.st.Recv()
		if err != nil {
			return 0, err
		}
		r.buf = c.Data
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

func (s *server) Notify(ctx context.Context, a *wire.Alert) (*wire.NotifyResponse, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	err := s.stage.Notify(ctx, a)
	if err == nil {
		return &wire.NotifyResponse{}, nil
	}
	o := &wire.NotifyResponse{Error: utf8Text(err)}
	var retry *RetryError
	if errors.As(err, &retry) {
		o.RetryAfterMs = max(1, retry.milliseconds())
	}
	return o, nil
}

func (s *server) Close(context.Context, *wire.CloseRequest) (*wire.CloseResponse, error) {
	s.mu.Lock()
	opened := s.opened
	s.opened = false
	s.mu.Unlock()
	if !opened { // a plugin is closed once, however often it is asked for
		return &wire.CloseResponse{}, nil
	}
	s.measure.stop()
	if err := s.stage.Close(); err != nil {
		return nil, status.Error(codes.Internal, fmt.Sprintf("close: %v", err))
	}
	return &wire.CloseResponse{}, nil
}
