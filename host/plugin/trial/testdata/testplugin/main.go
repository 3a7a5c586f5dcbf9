// Command testplugin is a plugin that does what the tests of the host need: what the file "behaviour" in its folder
// says before it serves, and what its config and the lines say afterwards.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// Config is the plugin's configuration.
type Config struct {
	// Refuse is the reason for which the config is refused; empty takes it.
	Refuse string `yaml:"refuse"`
	// Every is how many lines make an alert of the detector.
	Every int `yaml:"every" default:"10"`
	// Gate is a folder: when a line has GATE, the detector makes the file "reached" there and waits for the file "open".
	Gate string `yaml:"gate"`
	// Fails is how often the notifier asks for another try of each alert.
	Fails int `yaml:"fails"`
	// File is where the notifier writes ids of alerts, and their targets.
	File string `yaml:"file"`
	// Down is a file; while it is there, the notifier asks for another try of everything.
	Down string `yaml:"down"`
	// Targets are the notifier's.
	Targets []string `yaml:"targets"`
	// Narrow has the enricher want no field but host.name.
	Narrow bool `yaml:"narrow"`
	// Secret is what the masker hides.
	Secret string `yaml:"secret" default:"hunter2"`
}

func (c Config) check() error {
	if c.Refuse != "" {
		return errors.New(c.Refuse)
	}
	return nil
}

type parser struct{}

// Parse reads "word port=N rest".
func (parser) Parse(line []byte, ev *sdk.Event) error {
	if err := obey(line); err != nil {
		return err
	}
	word, rest, _ := bytes.Cut(line, []byte(" "))
	ev.Set(ecs.EventAction, word)
	if _, after, ok := bytes.Cut(rest, []byte("port=")); ok {
		n, _, _ := bytes.Cut(after, []byte(" "))
		ev.Set(ecs.SourcePort, n)
	}
	if bytes.Contains(line, []byte("UNDECLARED")) {
		ev.SetString(ecs.UserName, "nobody")
	}
	return nil
}

// mended has no line obeyed.
var mended bool

// worse is a parser of a new version that is worse than the one of before, in the way it says.
type worse struct {
	parser
	way string
}

func (p worse) Parse(line []byte, ev *sdk.Event) error {
	switch p.way {
	case "no ports": // has lost a field
		word, _, _ := bytes.Cut(line, []byte(" "))
		ev.Set(ecs.EventAction, word)
		return nil
	case "loud": // another value
		if err := p.parser.Parse(line, ev); err != nil {
			return err
		}
		word, _, _ := bytes.Cut(line, []byte(" "))
		ev.SetString(ecs.EventAction, strings.ToUpper(string(word)))
		return nil
	case "failing":
		if bytes.HasSuffix(line, []byte("7")) {
			return errors.New("seven is too much")
		}
	case "dying":
		if bytes.HasPrefix(line, []byte("wx")) {
			os.Exit(9)
		}
	case "slow":
		for range 20000 {
			_ = bytes.Contains(line, []byte("cost"))
		}
	}
	return p.parser.Parse(line, ev)
}

// together has calls wait until 70 are under way.
var together sync.WaitGroup

func init() { together.Add(70) }

// obey does what a line asks for.
func obey(line []byte) error {
	if mended {
		return nil
	}
	has := func(s string) bool { return bytes.Contains(line, []byte(s)) }
	switch {
	case has("SAY"):
		fmt.Fprintf(os.Stderr, "cannot make anything of %s\n", line)
	case has("PANIC"):
		panic("a line says so")
	case has("KILL"):
		os.Exit(9)
	case has("HANG"):
		select {}
	case has("TOGETHER"):
		together.Done()
		together.Wait()
	case has("SKIP"):
		return sdk.ErrSkip
	case has("DEAD"):
		return fmt.Errorf("no use: %w", sdk.ErrPermanent)
	case has("BADTEXT"):
		return errors.New("half a character: \xe7\x99 " + strings.Repeat("长", 400))
	case has("ENV"):
		return errors.New(strings.Join(os.Environ(), " "))
	}
	return nil
}

type enricher struct{ asked sync.Map }

// Enrich asks once for another try of actions with AGAIN.
func (e *enricher) Enrich(_ context.Context, ev *sdk.Event) error {
	a := ev.Text(ecs.EventAction)
	if err := obey(a); err != nil {
		return err
	}
	if bytes.Contains(a, []byte("AGAIN")) {
		if _, asked := e.asked.LoadOrStore(string(a), true); !asked {
			return sdk.RetryAfter(time.Millisecond, errors.New("busy"))
		}
	}
	ev.SetString(ecs.UserName, "user of "+string(a))
	return nil
}

// narrow is an enricher that does not want what it could read.
type narrow struct{ *enricher }

func (narrow) Reads() []ecs.Field { return []ecs.Field{ecs.HostName} }

type masker struct{ secret []byte }

func (m masker) Mask(text []byte, e *sdk.Edits) error {
	if err := obey(text); err != nil {
		return err
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], m.secret)
		if i < 0 {
			return nil
		}
		e.Replace(at+i, at+i+len(m.secret), "***")
		at += i + len(m.secret)
	}
}

// detector counts lines by their first word, and closes what "open NAME" opened when ten seconds of event time have
// passed.
type detector struct {
	every int
	gate  string
	n     map[string]int
	open  map[string]time.Time
}

const openFor = 10 * time.Second

func (d *detector) Detect(ev *sdk.Event, emit func(sdk.Alert)) error {
	line := ev.Line()
	if err := obey(line); err != nil {
		return err
	}
	if bytes.Contains(line, []byte("GATE")) {
		if err := d.wait(); err != nil {
			return err
		}
	}
	word, name, _ := strings.Cut(string(line), " ")
	if at, ok := ev.Time(ecs.Timestamp); ok && word == "open" {
		d.open[name] = at
		return nil
	}
	d.n[word]++
	if n := d.n[word]; n%d.every == 0 {
		emit(sdk.Alert{Rule: "every", Name: word, Keys: map[string]string{"word": word, "n": strconv.Itoa(n)}})
	}
	return nil
}

// wait waits for the gate to open.
func (d *detector) wait() error {
	if err := os.WriteFile(filepath.Join(d.gate, "reached"), nil, 0o600); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(filepath.Join(d.gate, "open")); err == nil {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// Tick has the watermark in the keys of its alerts: a replay that is told another raises another.
func (d *detector) Tick(watermark time.Time, emit func(sdk.Alert)) error {
	for _, name := range slices.Sorted(maps.Keys(d.open)) {
		if at := d.open[name]; !at.Add(openFor).After(watermark) {
			delete(d.open, name)
			emit(sdk.Alert{Rule: "open", Name: name, First: at, Keys: map[string]string{"word": name, "n": watermark.Format(time.RFC3339)}})
		}
	}
	return nil
}

// Resumed says so, if it has counted an x.
func (d *detector) Resumed(at time.Time, emit func(sdk.Alert)) error {
	if d.n["x"] == 0 {
		return nil
	}
	emit(sdk.Alert{Rule: "resumed", Name: "resumed", First: at, Keys: map[string]string{"n": at.Format(time.RFC3339Nano)}})
	return nil
}

func (d *detector) Snapshot(w io.Writer) error {
	var b bytes.Buffer
	for word, n := range d.n {
		fmt.Fprintln(&b, "count", word, n)
	}
	for name, at := range d.open {
		fmt.Fprintln(&b, "open", name, at.UnixNano())
	}
	_, err := b.WriteTo(w)
	return err
}

func (d *detector) Restore(r io.Reader) error {
	d.n, d.open = map[string]int{}, map[string]time.Time{}
	for {
		var what, word string
		var n int64
		if _, err := fmt.Fscanln(r, &what, &word, &n); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if what == "open" {
			d.open[word] = time.Unix(0, n).UTC()
		} else {
			d.n[word] = int(n)
		}
	}
}

// choosy is a detector of a version that knows nothing of the state of others.
type choosy struct{ *detector }

func (choosy) Restore(io.Reader) error { return errors.New("this is no state of mine") }

type notifier struct {
	c     Config
	mu    sync.Mutex
	tries map[string]int
}

func (n *notifier) Targets() []string { return n.c.Targets }

// Notify writes the alert down, unless its name says otherwise.
func (n *notifier) Notify(_ context.Context, a sdk.Alert) error {
	switch a.Name {
	case "KILL":
		os.Exit(9)
	case "HANG":
		time.Sleep(time.Hour)
	case "REFUSE":
		return errors.New("never")
	case "LATER":
		return sdk.RetryAfter(time.Minute, errors.New("in a minute"))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := os.Stat(n.c.Down); n.c.Down != "" && err == nil {
		return sdk.RetryAfter(time.Millisecond, errors.New("the receiver is down"))
	}
	n.tries[a.ID]++
	f, err := os.OpenFile(n.c.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if n.tries[a.ID] <= n.c.Fails {
		fmt.Fprintln(f, "try", a.ID)
		return sdk.RetryAfter(time.Millisecond, errors.New("busy"))
	}
	_, err = fmt.Fprintln(f, strings.TrimSpace("told "+a.ID+" "+a.Target))
	return err
}

func main() {
	said, _ := os.ReadFile("behaviour") // none: a parser
	switch b := strings.TrimSpace(string(said)); b {
	case "exit":
		os.Exit(7)
	case "mute":
		time.Sleep(time.Minute)
	case "chatter":
		fmt.Println("hello, I am no plugin")
	case "elsewhere": // is where it says that it listens
		to, _ := os.ReadFile("elsewhere")
		fmt.Printf("1|1|unix|%s|grpc\n", to)
		time.Sleep(time.Minute)
	case "protocol":
		h := sdk.Handshake
		h.ProtocolVersion = 77
		serve(h, "")
	case "enricher":
		sdk.ServeEnricher(func(c Config) (sdk.Enricher, error) {
			if c.Narrow {
				return narrow{&enricher{}}, c.check()
			}
			return &enricher{}, c.check()
		})
	case "masker":
		sdk.ServeMasker(func(c Config) (sdk.Masker, error) { return masker{[]byte(c.Secret)}, c.check() })
	case "blind": // a masker that sees no secret
		sdk.ServeMasker(func(c Config) (sdk.Masker, error) { return masker{[]byte("no such secret")}, c.check() })
	case "detector":
		sdk.ServeDetector(func(c Config) (sdk.Detector, error) {
			return &detector{every: c.Every, gate: c.Gate, n: map[string]int{}, open: map[string]time.Time{}}, c.check()
		})
	case "choosy":
		sdk.ServeDetector(func(c Config) (sdk.Detector, error) {
			return choosy{&detector{every: c.Every, gate: c.Gate, n: map[string]int{}, open: map[string]time.Time{}}}, c.check()
		})
	case "notifier":
		sdk.ServeNotifier(func(c Config) (sdk.Notifier, error) { return &notifier{c: c, tries: map[string]int{}}, c.check() })
	case "no ports", "loud", "failing", "slow", "dying":
		sdk.ServeParser(func(c Config) (sdk.Parser, error) { return worse{way: b}, c.check() })
	case "mended":
		mended = true
		fallthrough
	case "", "parser":
		sdk.ServeParser(func(c Config) (sdk.Parser, error) { return parser{}, c.check() })
	default:
		serve(sdk.Handshake, b)
	}
}

// liar answers by hand what the SDK never would.
type liar struct {
	wire.UnimplementedStageServer
	lie string
}

func serve(h goplugin.HandshakeConfig, lie string) {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: h,
		Plugins:         goplugin.PluginSet{sdk.ServiceName: &liarPlugin{lie: lie}},
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxSendMsgSize(2*wire.MaxMessageBytes))...)
		},
	})
}

type liarPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
	lie string
}

func (p *liarPlugin) GRPCServer(_ *goplugin.GRPCBroker, g *grpc.Server) error {
	wire.RegisterStageServer(g, &liar{lie: p.lie})
	return nil
}

func (p *liarPlugin) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("no client")
}

func (l *liar) Describe(context.Context, *wire.DescribeRequest) (*wire.DescribeResponse, error) {
	d := &wire.DescribeResponse{Kind: wire.Kind_PARSER}
	switch l.lie {
	case "other kind":
		d.Kind = wire.Kind_MASKER
	case "other version":
		d.Version = "9"
	}
	return d, nil
}

func (l *liar) Open(context.Context, *wire.OpenRequest) (*wire.OpenResponse, error) {
	return &wire.OpenResponse{}, nil
}

func (l *liar) Close(context.Context, *wire.CloseRequest) (*wire.CloseResponse, error) {
	return &wire.CloseResponse{}, nil
}

func (l *liar) ProcessStream(st grpc.BidiStreamingServer[wire.Batch, wire.Result]) error {
	for {
		b, err := st.Recv()
		if err != nil {
			return err
		}
		for again := true; again; again = l.lie == "endless" {
			if err := st.Send(l.answer(b)); err != nil {
				return err
			}
		}
	}
}

func (l *liar) answer(b *wire.Batch) *wire.Result {
	r := &wire.Result{Seq: b.Seq, Rows: b.Rows}
	rows := int(b.Rows)
	dict := func(f ecs.Field) *wire.Column {
		return &wire.Column{
			Field: uint32(f), Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Width: 1, Count: b.Rows,
			Values: make([]byte, rows), Dict: []byte{0, 0, 0, 0, 1, 0, 0, 0}, Data: []byte("x"),
		}
	}
	switch l.lie {
	case "spans":
		r.Columns = []*wire.Column{{
			Field: uint32(ecs.EventAction), Type: wire.Type_STRING, Encoding: wire.Encoding_SPAN, Width: 4, Count: b.Rows,
			Values: bytes.Repeat([]byte{0, 0, 255, 255}, rows),
		}}
	case "oversize":
		r.Columns = []*wire.Column{{Field: uint32(ecs.EventAction), Type: wire.Type_STRING, Count: b.Rows, Values: make([]byte, 4*rows), Data: make([]byte, wire.MaxMessageBytes+1)}}
	case "seq":
		r.Seq++
	case "rows":
		r.Rows++
	case "error":
		r.Error = "I do not feel like it"
	case "undeclared":
		number := &wire.Column{Field: uint32(ecs.EventAction), Type: wire.Type_INT64, Width: 4, Count: b.Rows, Values: make([]byte, 4*rows)}
		r.Columns = []*wire.Column{dict(ecs.UserName), dict(ecs.Message), dict(60000), number}
		r.Fanout = &wire.FanOut{Rows: 1, Parents: make([]byte, 4), Columns: []*wire.Column{{
			Field: uint32(ecs.EventID), Type: wire.Type_INT64, Width: 4, Count: 1, Values: make([]byte, 4),
		}}}
	case "drop":
		r.Drop = make([]byte, (rows+7)/8)
		r.Drop[0] = 1
	}
	return r
}
