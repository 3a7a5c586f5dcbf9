package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // zones that the host knows must not become UTC on machines that have none

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"

	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/watchlist"
	"github.com/logcenter/logcenter/sdk/wire"
)

// ServeParser runs the plugin process of a parser. It returns when the host has ended it.
func ServeParser[C any](create func(C) (Parser, error)) { serve(ParserStage(create)) }

// ServeEnricher runs the plugin process of an enricher.
func ServeEnricher[C any](create func(C) (Enricher, error)) { serve(EnricherStage(create)) }

// ServeMasker runs the plugin process of a masker.
func ServeMasker[C any](create func(C) (Masker, error)) { serve(MaskerStage(create)) }

// ServeDetector runs the plugin process of a detector.
func ServeDetector[C any](create func(C) (Detector, error)) { serve(DetectorStage(create)) }

// ServeNotifier runs the plugin process of a notifier.
func ServeNotifier[C any](create func(C) (Notifier, error)) { serve(NotifierStage(create)) }

// ParserStage makes a stage without a process, for tests and benchmarks.
func ParserStage[C any](create func(C) (Parser, error)) *Stage {
	return newStage(wire.Kind_PARSER, create)
}

// EnricherStage makes a stage without a process, for tests and benchmarks.
func EnricherStage[C any](create func(C) (Enricher, error)) *Stage {
	return newStage(wire.Kind_ENRICHER, create)
}

// MaskerStage makes a stage without a process, for tests and benchmarks.
func MaskerStage[C any](create func(C) (Masker, error)) *Stage {
	return newStage(wire.Kind_MASKER, create)
}

// DetectorStage makes a stage without a process, for tests and benchmarks.
func DetectorStage[C any](create func(C) (Detector, error)) *Stage {
	return newStage(wire.Kind_DETECTOR, create)
}

// NotifierStage makes a stage without a process, for tests and benchmarks.
func NotifierStage[C any](create func(C) (Notifier, error)) *Stage {
	return newStage(wire.Kind_NOTIFIER, create)
}

// explained are the doc comments of config structs and their fields, as package schema has them.
var explained = map[string]string{}

// ExplainConfig says what the keys of the config are for. Nobody writes calls of it: `go test -update` makes them of
// the comments of the config's fields (see plugintest.Conformance), as those are not in a program.
func ExplainConfig(docs map[string]string) { maps.Copy(explained, docs) }

func newStage[C, P any](kind wire.Kind, create func(C) (P, error)) *Stage {
	return &Stage{
		kind: kind,
		schema: func() []byte {
			var c C
			return schema.JSONSchema(c, explained)
		},
		config: func() any {
			var c C
			return c
		},
		create: func(config []byte) (any, error) {
			var c C
			data := any(map[string]any{})
			if len(bytes.TrimSpace(config)) > 0 {
				d := json.NewDecoder(bytes.NewReader(config))
				d.UseNumber()
				if err := d.Decode(&data); err != nil {
					return nil, fmt.Errorf("config: %w", err)
				}
			}
			if err := schema.Decode(data, &c); err != nil {
				return nil, err
			}
			return create(c)
		},
	}
}

// Handshake is what host and plugin must agree on before anything else. The version is that of the protocol
// package; the cookie keeps a plugin started by hand from waiting for a host.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "LOGCENTER_PLUGIN",
	MagicCookieValue: "5c1d-stage",
}

// ServiceName is the name under which go-plugin dispenses the stage.
const ServiceName = "stage"

// capture, if set, takes the stage that a plugin's main would serve.
var capture func(*Stage)

// Capture runs a plugin's main function and returns the stage it would have served, without a process: the
// one-process baseline of the benchmarks links plugins this way. Not for concurrent use.
func Capture(main func()) *Stage {
	var s *Stage
	capture = func(c *Stage) { s = c }
	defer func() { capture = nil }()
	main()
	return s
}

func serve(s *Stage) {
	if capture != nil {
		capture(s)
		return
	}
	if os.Getenv(Handshake.MagicCookieKey) != Handshake.MagicCookieValue {
		fmt.Fprintf(os.Stderr, "This is a %s plugin of Logcenter. The host starts it; try `logcenter plugin list`.\n", kindName(s.kind))
		os.Exit(2)
	}
	// Whoever stops the host's whole process group or service means the host: it ends its plugins when the last
	// event is through.
	signal.Ignore(syscall.SIGTERM, os.Interrupt)
	watchParent()
	takeLists()
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: Handshake,
		Plugins:         map[string]plugin.Plugin{ServiceName: &grpcPlugin{server: &server{stage: s, measure: newMeasure()}}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o,
				grpc.MaxRecvMsgSize(wire.MaxMessageBytes), grpc.MaxSendMsgSize(wire.MaxMessageBytes),
				grpc.ForceServerCodecV2(wire.NewCodec()), experimental.BufferPool(wire.Pool),
				// Windows above the size of a batch: on a local socket flow control would only cost wake-ups.
				grpc.InitialWindowSize(wire.WindowBytes), grpc.InitialConnWindowSize(wire.WindowBytes),
				grpc.ReadBufferSize(wire.SocketBufferBytes), grpc.WriteBufferSize(wire.SocketBufferBytes),
			)...)
		},
	})
}

// listsEvery is how often the lists of the host are looked at.
const listsEvery = 250 * time.Millisecond

// takeLists makes the lists of the host those of this process, for as long as it lives.
func takeLists() {
	dir := os.Getenv(watchlist.Env)
	if dir == "" {
		return
	}
	lists, err := watchlist.Open(dir)
	if err != nil {
		fmt.Fprintf(os.Stderr, "lists: %v\n", err)
		os.Exit(1)
	}
	query.SetLists(lists)
	lists.Watch(listsEvery, func(err error) { fmt.Fprintln(os.Stderr, err) })
}

// lookAtLists has what the host has written of lists before it gives a state count for the events behind that. What cannot be
// read stays as it was.
func lookAtLists() {
	if lists, ok := query.KnownLists().(*watchlist.Folder); ok {
		if err := lists.Look(); err != nil {
			fmt.Fprintf(os.Stderr, "lists: %v\n", err)
		}
	}
}

func kindName(k wire.Kind) string {
	return map[wire.Kind]string{
		wire.Kind_PARSER: "parser", wire.Kind_ENRICHER: "enricher", wire.Kind_MASKER: "masker",
		wire.Kind_DETECTOR: "detector", wire.Kind_NOTIFIER: "notifier",
	}[k]
}
