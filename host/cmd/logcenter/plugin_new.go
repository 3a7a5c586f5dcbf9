package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/certify"
	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/host/scaffold"
)

type pluginNewOptions struct {
	scaffold.Options
	from  string
	force bool
}

func newPluginNewCommand() *cobra.Command {
	o := &pluginNewOptions{}
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "write the folder of a new plugin, a parser from sample lines",
		Long: `Write the folder NAME of a new plugin, complete: it builds and passes its tests as it is.

A parser is best made --from lines of the device, some twenty or more of every kind, as they were captured. They are
looked at: syslog header, JSON, CEF, LEEF, key-value pairs, columns (with a line of names, or #Fields), structured data of
RFC 5424, or sentences with values in them; addresses, ports, numbers, times, severities, actions. Names of keys, English
and Chinese, become fields of ECS; what ECS has no name for becomes NAME.something, declared in plugin.yaml. The lines
become the plugin's samples, and what it makes of them its golden files: read them, that is where mistakes show. Nothing
leaves this machine, and the same lines give the same plugin.

Plugins in Go need Go. Outside of Logcenter's source the folder is a module of its own, and that source is looked for
where this program lies; --sdk says where it is otherwise. Plugins in Python need Python 3.11 with grpcio.`,
		Example: `  logcenter plugin new acmefw --from samples.log
  logcenter plugin new acmefw --from samples.log --vendor ACME --product Firewall --device-type firewall
  logcenter plugin new acmevpn --from vpn.log --lang python
  logcenter plugin new networks --kind enricher --dir ~/plugins --sdk ~/logcenter`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ID = args[0]
			return o.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Kind, "kind", "parser", "`kind` of the plugin: "+strings.Join(scaffold.Kinds(), ", "))
	f.StringVar(&o.Lang, "lang", "go", "`language` it is written in: "+strings.Join(scaffold.Langs(), ", "))
	f.StringVar(&o.from, "from", "", "`file` of lines as captured, to write a parser of")
	f.StringVar(&o.Dir, "dir", ".", "`folder` in which the plugin's own is made")
	f.StringVar(&o.Vendor, "vendor", "", "`name` of who makes the device, for observer.vendor")
	f.StringVar(&o.Product, "product", "", "`name` of the device, for observer.product")
	f.StringVar(&o.DeviceType, "device-type", "", "`type` of the device by the log standard, for observer.type: firewall, ips, waf, server, ...")
	f.StringVar(&o.SDK, "sdk", "", "`folder` of Logcenter's source, for a plugin outside of it")
	f.BoolVar(&o.force, "force", false, "write over the files of a folder that is there")
	complete(cmd, "kind", scaffold.Kinds()...)
	complete(cmd, "lang", scaffold.Langs()...)
	markFile(cmd, "from", "log", "txt")
	return cmd
}

func (o *pluginNewOptions) run(cmd *cobra.Command) error {
	if err := o.Check(); err != nil {
		return &usageError{err}
	}
	if o.from != "" {
		s, err := infer.ReadSamples(o.from)
		if err != nil {
			return &configError{err}
		}
		o.Samples, o.SampleName = s, strings.TrimSuffix(filepath.Base(o.from), filepath.Ext(o.from))
	}
	f, err := scaffold.New(o.Options)
	var shape *infer.ShapeError
	if errors.As(err, &shape) {
		return &configError{fmt.Errorf("%s: %w", o.from, err)}
	}
	if err != nil {
		return err
	}
	for _, n := range f.Notices {
		tell(cmd.ErrOrStderr(), "note: %s\n", n)
	}
	if err := f.Write(o.force); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprint(out, f.Summary()); err != nil {
		return err
	}
	build := f.Build
	if o.Lang == "python" {
		build = func(ctx context.Context) error { return buildPython(ctx, f.Path, o.Kind) }
	}
	tell(cmd.ErrOrStderr(), "building it, and writing its golden files …\n")
	if err := build(cmd.Context()); err != nil {
		return fmt.Errorf("%s is written, but does not pass its tests yet: %w", f.Path, err)
	}
	_, err = io.WriteString(out, f.Next(o.Dir))
	return err
}

// buildPython writes the golden files of a plugin in Python.
func buildPython(ctx context.Context, dir, kind string) error {
	only := []string{"manifest", "start"}
	if kind != "notifier" { // which has no samples
		only = append(only, "golden", "schema")
	}
	c, err := certify.Test(ctx, dir, certify.Options{Update: true, Quick: true, Only: only, Logcenter: version})
	if err != nil {
		return err
	}
	for _, k := range c.Checks {
		if !k.OK {
			return fmt.Errorf("%s: %s\nthen: logcenter plugin test %s --update", k.Name, k.Detail, dir)
		}
	}
	return nil
}
