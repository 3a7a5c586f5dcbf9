package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"

	"github.com/logcenter/logcenter/host/plugin/sandbox"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// process is one running plugin process, ready to be called. Safe for concurrent use.
type process struct {
	m        *Manifest
	deadline time.Duration // of a call
	client   *goplugin.Client
	rpc      goplugin.ClientProtocol
	stage    wire.StageClient
	cmd      *exec.Cmd
	pid      int
	started  time.Time
	answered atomic.Int64 // of a notifier: alerts
	// generation tells processes of one plugin apart; set when it goes into service.
	generation uint64
	schema     []byte        // JSON Schema of the config
	sdk        string        // what it is made with, as it says
	reads      *wire.ReadSet // what it wants to be sent; nil is all
	targets    []string      // of a notifier
	ticks      bool          // it wants to know how far event time has come

	box    *sandbox.Box // nil: it is not confined
	busy   atomic.Int64 // calls under way
	policy sandbox.Policy
	// severity is what the admin says in place of the manifest's table.
	severity manifest.Severities
	last     *lastWords
	words    *discretion
	counted  bool // what its sandbox refused is in the plugin's sum; guarded by the plugin

	requests, replies *wire.Region // nil: bodies travel over the socket
	slots             chan int
	streams           chan *stream // idle ones

	failOnce sync.Once
	failed   chan struct{} // closed when the process is of no more use
	failure  error         // set before failed is closed

	gate  sync.Mutex // guards dead, and calls from growing once it is set
	dead  bool
	calls sync.WaitGroup
}

// stream is one long-lived call; one batch is in flight on it at a time.
type stream struct {
	grpc.ClientStream
	cancel context.CancelFunc
}

// launch is what it takes to start a process.
type launch struct {
	manifest  *Manifest
	program   program
	socketDir string // in which each process gets a folder of its own
	policy    sandbox.Policy
	mode      SandboxMode
	spin      time.Duration       // how long it may use a processor without having been asked anything
	config    []byte              // JSON
	rules     []byte              // JSON, for a detector that takes some
	lists     string              // folder of the lists that its rules ask for, empty for none
	severity  manifest.Severities // the admin's words, which go before the manifest's
	shm       bool
	profile   *os.File      // nil, or where the SDK profiles the process to
	deadline  time.Duration // of a call
	pack      *Package      // nil: the folder is one that the admin keeps
	log       hclog.Logger
	words     *discretion
}

// words is the name of the logger of what a plugin says itself.
const words = "words"

// connection is the host's side of go-plugin's contract: it hands out the connection.
type connection struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (connection) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves no plugin")
}

func (connection) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// start runs the binary and opens the plugin. The error says what the admin can do.
func start(ctx context.Context, l launch) (p *process, err error) {
	if err := unchanged(l.program.path, l.program.sum); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	p = &process{
		m: l.manifest, deadline: l.deadline, started: time.Now(), failed: make(chan struct{}), streams: make(chan *stream, idleStreams),
		policy: l.policy, severity: l.severity, last: &lastWords{}, words: l.words,
	}
	defer func() {
		if err != nil {
			p.kill()
			p = nil
		}
	}()
	if l.shm {
		if err := p.share(); err != nil {
			l.log.Warn("shared memory is not to be had, bodies travel over the socket", "error", err.Error())
		}
	}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: sdk.Handshake,
		Plugins:         goplugin.PluginSet{sdk.ServiceName: connection{}},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, sockets string) (runner.Runner, error) {
			return p.run(cmd, l, sockets)
		},
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: l.socketDir}, // in which each process gets a folder of its own
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		SkipHostEnv:      true,
		Managed:          true,
		StartTimeout:     startTimeout,
		Logger:           l.log,
		Stderr:           p.last,
		SyncStdout:       &printed{log: l.log.Named(words)},
		SyncStderr:       &printed{log: l.log.Named(words)},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(
				grpc.MaxCallRecvMsgSize(wire.MaxMessageBytes), grpc.MaxCallSendMsgSize(wire.MaxMessageBytes),
				grpc.ForceCodecV2(wire.NewCodec())),
			grpc.WithInitialWindowSize(wire.WindowBytes), grpc.WithInitialConnWindowSize(wire.WindowBytes),
			grpc.WithReadBufferSize(wire.SocketBufferBytes), grpc.WithWriteBufferSize(wire.SocketBufferBytes),
			experimental.WithBufferPool(wire.Pool),
			grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, o ...grpc.CallOption) error {
				p.busy.Add(1)
				defer p.busy.Add(-1)
				return invoke(ctx, method, req, reply, c, o...)
			}),
		},
	})
	if err := p.connect(l.manifest); err != nil {
		return p, fmt.Errorf("start: %w", err)
	}
	raw, err := p.rpc.Dispense(sdk.ServiceName)
	if err != nil {
		return p, fmt.Errorf("start: %w", err)
	}
	p.stage = wire.NewStageClient(raw.(*grpc.ClientConn))
	p.pid = p.cmd.Process.Pid
	if p.box != nil {
		go p.watch(l.spin)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return p, p.open(ctx, l.config, l.rules)
}

// explainStart puts go-plugin's words for the usual mishaps into an admin's.
func explainStart(m *Manifest, err error) error {
	s := err.Error()
	_, refusal, refused := strings.Cut(s, refusalMark)
	switch {
	case refused:
		return explainRefusal(m, firstLine(refusal))
	case strings.Contains(s, "Unrecognized remote plugin message"):
		return fmt.Errorf("the program is no Logcenter plugin, or it exited before it said hello; run it by hand to see what it prints (%s)", firstLine(s))
	case strings.Contains(s, "incompatible API version"):
		return fmt.Errorf("the plugin speaks another protocol than this host's %d; rebuild it with this version's SDK", manifest.Protocol)
	case strings.Contains(s, "timeout while waiting"):
		return fmt.Errorf("the program said nothing within %v", startTimeout)
	}
	return err
}

// refusalMark begins what logcenter/run.py says when a plugin in Python cannot start.
const refusalMark = "LOGCENTER REFUSES "

// explainRefusal says what to do about what run.py said.
func explainRefusal(m *Manifest, said string) error {
	kind, rest, _ := strings.Cut(said, " ")
	if kind != "package" {
		return fmt.Errorf("its script cannot run: %s", rest)
	}
	name, detail, _ := strings.Cut(rest, ": ")
	packages := "grpcio protobuf"
	if name != "grpcio" && name != "protobuf" {
		packages += " " + name
	}
	return fmt.Errorf("it needs %s with %s (%s): %s", manifest.Python, name, detail, makeVenv(m.Dir, packages))
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// share makes the two regions.
func (p *process) share() (err error) {
	if p.requests, err = wire.NewRequestRegion(shmSlots, shmSlotBytes); err != nil {
		return err
	}
	if p.replies, err = wire.NewReplyRegion(shmSlots, shmSlotBytes); err != nil {
		err = errors.Join(err, p.requests.Close())
		p.requests = nil
		return err
	}
	p.slots = make(chan int, shmSlots)
	for i := range shmSlots {
		p.slots <- i
	}
	return nil
}

func (p *process) open(ctx context.Context, config, rules []byte) error {
	d, err := p.stage.Describe(ctx, &wire.DescribeRequest{})
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	if d.Kind != p.m.Kind {
		return fmt.Errorf("the manifest says %s, the program is a %s", manifest.KindName(p.m.Kind), manifest.KindName(d.Kind))
	}
	p.schema, p.sdk = d.ConfigSchema, mend(d.Sdk)
	p.ticks = slices.Contains(d.Caps, wire.Capability_CAP_TICK)
	if d.Id != "" && d.Id != p.m.ID || d.Version != "" && d.Version != p.m.Version {
		return fmt.Errorf("the manifest says %s %s, the program says %s %s", p.m.ID, p.m.Version, d.Id, d.Version)
	}
	r := p.m.OpenRequest(config)
	r.Severity = p.m.Severity.With(p.severity).Wire()
	r.Caps, r.RulesJson = d.Caps, rules
	if !slices.Contains(d.Caps, wire.Capability_CAP_SHM) {
		p.slots = nil // bodies travel over the socket
	}
	if p.slots != nil {
		r.Shm = &wire.Shm{RequestFd: 3, ReplyFd: 4, Slots: shmSlots, SlotBytes: shmSlotBytes}
	}
	o, err := p.stage.Open(ctx, r)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if o.Error != "" {
		return refusal(p.m.ID, o, p.schema)
	}
	p.reads = o.Reads
	if err := checkTargets(o.Targets); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	p.targets = o.Targets
	return nil
}

// Maskable says whether a column holds lines, or texts that are no part of them: what a masker is always shown, for what it
// is not shown goes out unmasked. Spans are looked at through their lines; dictionaries hold names that plugins and inputs chose.
func Maskable(c *wire.Column) bool {
	return c.Field == uint32(ecs.Message) || c.Type == wire.Type_STRING && c.Encoding == wire.Encoding_PLAIN && len(c.Lists) == 0
}

// narrow leaves out the columns that a plugin of a kind does not want. Lines stay where there are spans into them; where
// values were made from is left out with the lines.
func narrow(b *wire.Batch, want *wire.ReadSet, kind wire.Kind) *wire.Batch {
	if want == nil {
		return lineless(b)
	}
	o := &wire.Batch{Seq: b.Seq, Rows: b.Rows, Partition: b.Partition, Offset: b.Offset, Journal: b.Journal}
	lines := slices.Contains(want.Fields, uint32(ecs.Message)) || slices.ContainsFunc(b.Columns, func(c *wire.Column) bool {
		return c.Encoding == wire.Encoding_SPAN && slices.Contains(want.Fields, c.Field)
	})
	for _, c := range b.Columns {
		if slices.Contains(want.Fields, c.Field) || lines && c.Field == uint32(ecs.Message) || kind == wire.Kind_MASKER && Maskable(c) {
			o.Columns = append(o.Columns, c)
		}
	}
	return lineless(o)
}

// lineless is b without origins if it has no lines for them, which would be no valid batch. It changes neither b nor its
// columns, as others have them, too.
func lineless(b *wire.Batch) *wire.Batch {
	made := func(c *wire.Column) bool { return len(c.Origin) > 0 }
	if b.Column(uint32(ecs.Message)) != nil || !slices.ContainsFunc(b.Columns, made) {
		return b
	}
	o := &wire.Batch{Seq: b.Seq, Rows: b.Rows, Partition: b.Partition, Offset: b.Offset, Journal: b.Journal}
	for _, c := range b.Columns {
		if made(c) {
			c = c.WithoutOrigin()
		}
		o.Columns = append(o.Columns, c)
	}
	return o
}

// Reply is a plugin's checked answer. It must be released, and is dead then.
type Reply struct {
	*wire.Result
	in   wire.Incoming
	buf  *[]byte
	held *held // in process
}

// Release gives the reply's memory back.
func (r *Reply) Release() {
	if r == nil {
		return
	}
	if r.held != nil {
		r.held.done()
	}
	r.in.Free()
	if r.buf != nil {
		wire.Pool.Put(r.buf)
		r.buf = nil
	}
}

// errNonsense marks answers that break the protocol.
var errNonsense = errors.New("nonsense answer")

// process sends one batch and waits for the answer, which it checks. Any error but ctx's means that this
// process is of no more use.
func (p *process) process(ctx context.Context, b *wire.Batch) (*Reply, error) {
	if !p.enter() {
		<-p.failed
		return nil, p.failure
	}
	defer p.calls.Done()
	p.busy.Add(1)
	defer p.busy.Add(-1)
	s, err := p.idleStream()
	if err != nil {
		return nil, err
	}
	timer := time.AfterFunc(p.deadline, func() {
		p.fail(fmt.Errorf("no answer within %v", p.deadline))
		s.cancel()
	})
	stop := context.AfterFunc(ctx, s.cancel)
	r, err := p.exchange(ctx, s, b)
	if !timer.Stop() && err != nil {
		err = fmt.Errorf("no answer within %v", p.deadline)
	}
	if !stop() { // the stream is, or is about to be, cancelled
		if err != nil {
			r.Release()
			return nil, ctx.Err()
		}
		return r, nil
	}
	if err != nil {
		s.cancel()
		r.Release()
		p.fail(err)
		return nil, p.failure // which may be why it ended, where err is that it did
	}
	select {
	case p.streams <- s:
	default: // there were more calls at once than are worth a stream for later
		s.cancel()
	}
	return r, nil
}

// enter begins a call, which keeps the shared memory mapped; false when the process is being taken down.
func (p *process) enter() bool {
	p.gate.Lock()
	defer p.gate.Unlock()
	if p.dead {
		return false
	}
	p.calls.Add(1)
	return true
}

func (p *process) idleStream() (*stream, error) {
	select {
	case s := <-p.streams:
		return s, nil
	default:
	}
	ctx, cancel := context.WithCancel(context.Background())
	st, err := p.stage.ProcessStream(ctx)
	if err != nil {
		cancel()
		p.fail(err)
		return nil, err
	}
	return &stream{ClientStream: st, cancel: cancel}, nil
}

func (p *process) exchange(ctx context.Context, s *stream, b *wire.Batch) (*Reply, error) {
	b = narrow(b, p.reads, p.m.Kind)
	p.words.see()
	b.BudgetNs = int64(p.deadline * 9 / 10)
	out, slot, err := p.encode(b)
	if slot >= 0 {
		defer func() {
			if ctx.Err() == nil { // else the plugin may still be writing to it, so nobody gets it again
				p.slots <- slot
			}
		}()
	}
	if err != nil {
		return nil, err
	}
	if err := s.SendMsg(out); err != nil {
		return nil, err
	}
	r := &Reply{Result: &wire.Result{}}
	if err := s.RecvMsg(&r.in); err != nil {
		return nil, err
	}
	if err := r.in.Decode(r.Result); err != nil {
		return r, fmt.Errorf("%w: %w", errNonsense, err)
	}
	if ref := r.Shm; ref != nil {
		if slot < 0 || int(ref.Slot) != slot || ref.Length > shmSlotBytes {
			return r, fmt.Errorf("%w: shared memory slot %d, %d bytes", errNonsense, ref.Slot, ref.Length)
		}
		// One copy into memory of our own, before anything is looked at: the plugin can change its region
		// at any time.
		r.buf = wire.Pool.Get(int(ref.Length))
		copy(*r.buf, p.replies.Slot(slot)[:ref.Length])
		r.Result = &wire.Result{}
		if err := r.UnmarshalVTUnsafe(*r.buf); err != nil {
			return r, fmt.Errorf("%w: %w", errNonsense, err)
		}
	}
	if r.Seq != b.Seq {
		return r, fmt.Errorf("%w: answer %d to batch %d", errNonsense, r.Seq, b.Seq)
	}
	if err := r.Validate(b, uint32(ecs.Message)); err != nil {
		return r, fmt.Errorf("%w: %w", errNonsense, err)
	}
	restrict(p.m, r.Result)
	return r, nil
}

// encode puts the batch into shared memory where there is a slot and room, else into a message. slot is -1
// in the second case.
func (p *process) encode(b *wire.Batch) (out *wire.Outgoing, slot int, err error) {
	slot = -1
	if n := b.SizeVT(); p.slots != nil && n <= shmSlotBytes {
		select {
		case slot = <-p.slots:
		default: // more calls than slots
		}
		if slot >= 0 {
			if _, err := b.MarshalToSizedBufferVT(p.requests.Slot(slot)[:n]); err != nil {
				return nil, slot, err
			}
			out, err = wire.Encode(&wire.Batch{Seq: b.Seq, Shm: &wire.ShmRef{Slot: uint32(slot), Length: uint64(n)}})
			return out, slot, err
		}
	}
	out, err = wire.Encode(b)
	return out, -1, err
}

// fail says that the process is of no more use and why; only the first call counts.
func (p *process) fail(err error) {
	p.failOnce.Do(func() {
		p.failure = err
		close(p.failed)
	})
}

// ping proves the process, not the stage.
func (p *process) ping() error {
	done := make(chan error, 1)
	go func() { done <- p.rpc.Ping() }()
	select {
	case err := <-done:
		return err
	case <-time.After(pingTimeout):
		return fmt.Errorf("no answer to a ping within %v", pingTimeout)
	}
}

// kill ends the process at once and gives its memory back when the last call has returned.
func (p *process) kill() {
	if p.client != nil {
		p.fail(errors.New("stopped"))
		if p.box != nil {
			p.box.Kill() // with what it has started
		}
		if p.cmd != nil && p.cmd.Process != nil {
			_ = p.cmd.Process.Kill() // go-plugin would first ask politely and wait; it may be gone already
		}
		p.client.Kill()
	}
	if p.box != nil {
		p.box.Close()
	}
	p.gate.Lock()
	p.dead = true
	p.gate.Unlock()
	p.fail(errors.New("stopped"))
	for {
		select {
		case s := <-p.streams:
			s.cancel()
			continue
		default:
		}
		break
	}
	go func() {
		p.calls.Wait()
		_ = p.requests.Close() // nothing to be done about memory that cannot be unmapped
		_ = p.replies.Close()
	}()
}

// close lets the plugin finish, then ends it.
func (p *process) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	if p.stage != nil {
		_, _ = p.stage.Close(ctx, &wire.CloseRequest{GraceMs: uint32(closeGrace.Milliseconds())}) // it ends either way
	}
	p.kill()
}
