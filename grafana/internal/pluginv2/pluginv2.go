// Package pluginv2 is to the built backend what Grafana's server is: it starts the program with hashicorp/go-plugin and
// speaks pluginv2 with it over gRPC.
package pluginv2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	proto "github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// ID is the plugin's, as plugin.json has it.
const ID = "logcenter-logcenter-datasource"

// Build builds the backend for this machine, as it is shipped, and returns the program's path. It is only linked again
// after a change. root is the folder of this tree.
func Build(ctx context.Context, root string) (string, error) {
	// go test answers from its cache unless a file that a test has looked at is another; so all are looked at.
	for _, folder := range []string{"grafana/pkg", "sdk/client", "sdk/query"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(name)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	program := filepath.Join(root, "build", "grafana", fmt.Sprintf("gpx_logcenter_%s_%s", runtime.GOOS, runtime.GOARCH))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, "./grafana/pkg")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the backend cannot be built: %w\n%s", err, out)
	}
	return program, nil
}

// Plugin is a running backend. It may be used by several goroutines.
type Plugin struct {
	process     *plugin.Client
	pid         int
	diagnostics grpcplugin.DiagnosticsClient
	resource    grpcplugin.ResourceClient
	data        grpcplugin.DataClient
	stream      grpcplugin.StreamClient
}

// Start starts a program. What it logs goes to log, in lines of JSON as Grafana gets them; nil discards them. Whoever calls
// it calls [Plugin.Close].
func Start(program string, log io.Writer) (*Plugin, error) {
	if log == nil {
		log = io.Discard
	}
	process := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: grpcplugin.ProtocolVersion, MagicCookieKey: grpcplugin.MagicCookieKey, MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]plugin.PluginSet{grpcplugin.ProtocolVersion: {
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
			"data":        &grpcplugin.DataGRPCPlugin{},
			"stream":      &grpcplugin.StreamGRPCPlugin{},
		}},
		Cmd:              exec.Command(program),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Output: log, JSONFormat: true, Level: hclog.Debug}),
		SyncStderr:       log,
	})
	p := &Plugin{process: process}
	if err := p.connect(); err != nil {
		process.Kill()
		return nil, fmt.Errorf("%s: %w", filepath.Base(program), err)
	}
	return p, nil
}

func (p *Plugin) connect() error {
	protocol, err := p.process.Client()
	if err != nil {
		return err
	}
	if c := p.process.ReattachConfig(); c != nil {
		p.pid = c.Pid
	}
	return errors.Join(
		dispense(protocol, "diagnostics", &p.diagnostics), dispense(protocol, "resource", &p.resource),
		dispense(protocol, "data", &p.data), dispense(protocol, "stream", &p.stream),
	)
}

func dispense[C any](protocol plugin.ClientProtocol, name string, client *C) error {
	raw, err := protocol.Dispense(name)
	if err != nil {
		return err
	}
	c, ok := raw.(C)
	if !ok {
		return fmt.Errorf("service %s is a %T", name, raw)
	}
	*client = c
	return nil
}

// Close ends the program.
func (p *Plugin) Close() { p.process.Kill() }

// PID is that of the program's process.
func (p *Plugin) PID() int { return p.pid }

// Exited says whether the process has ended.
func (p *Plugin) Exited() bool { return p.process.Exited() }

// Query runs the queries of a request. The error is one of the protocol; what is wrong with a query is in its response.
func (p *Plugin) Query(ctx context.Context, c backend.PluginContext, queries ...backend.DataQuery) (backend.Responses, error) {
	req := backend.ToProto().QueryDataRequest(&backend.QueryDataRequest{PluginContext: c, Queries: queries})
	res, err := p.data.QueryData(ctx, req)
	if err != nil {
		return nil, err
	}
	out, err := backend.FromProto().QueryDataResponse(res)
	if err != nil {
		return nil, err
	}
	return out.Responses, nil
}

// Health is what "Save & test" calls.
func (p *Plugin) Health(ctx context.Context, c backend.PluginContext) (*backend.CheckHealthResult, error) {
	res, err := p.diagnostics.CheckHealth(ctx, &proto.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(c)})
	if err != nil {
		return nil, err
	}
	return backend.FromProto().CheckHealthResponse(res), nil
}

// Resource calls one of the plugin's resources; body may be nil.
func (p *Plugin) Resource(ctx context.Context, c backend.PluginContext, method, path string, body []byte) (*backend.CallResourceResponse, error) {
	bare, _, _ := strings.Cut(path, "?")
	req := &backend.CallResourceRequest{PluginContext: c, Method: method, Path: bare, URL: path, Body: body}
	if body != nil {
		req.Headers = map[string][]string{"Content-Type": {"application/json"}}
	}
	stream, err := p.resource.CallResource(ctx, backend.ToProto().CallResourceRequest(req))
	if err != nil {
		return nil, err
	}
	var out *backend.CallResourceResponse
	for {
		part, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && out != nil:
			return out, nil
		case err != nil:
			return nil, err
		case out == nil:
			out = backend.FromProto().CallResourceResponse(part)
		default:
			out.Body = append(out.Body, part.Body...)
		}
	}
}

// Subscribe asks whether a stream may be followed.
func (p *Plugin) Subscribe(ctx context.Context, c backend.PluginContext, path string, data []byte) (*backend.SubscribeStreamResponse, error) {
	res, err := p.stream.SubscribeStream(ctx, backend.ToProto().SubscribeStreamRequest(&backend.SubscribeStreamRequest{PluginContext: c, Path: path, Data: data}))
	if err != nil {
		return nil, err
	}
	return backend.FromProto().SubscribeStreamResponse(res), nil
}

// Follow calls each for the JSON of every frame of a stream until ctx is done, the stream ends or each returns an error.
func (p *Plugin) Follow(ctx context.Context, c backend.PluginContext, path string, data []byte, each func([]byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := p.stream.RunStream(ctx, &proto.RunStreamRequest{PluginContext: backend.ToProto().PluginContext(c), Path: path, Data: data})
	if err != nil {
		return err
	}
	for {
		packet, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(packet.Data); err != nil {
			return err
		}
	}
}
