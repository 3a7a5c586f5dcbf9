package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/infer"
	"github.com/logcenter/logcenter/host/scaffold"
)

func newPluginNewCommand() *cobra.Command {
	var (
		o     scaffold.Options
		from  string
		force bool
	)
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "write the folder of a new plugin, a parser from sample lines",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ID = args[0]
			if err := scaffold.CheckName(o.ID); err != nil {
				return &usageError{err}
			}
			if from != "" {
				s, err := infer.ReadSamples(from)
				if err != nil {
					return err
				}
				o.Samples = s
				o.SampleName = strings.TrimSuffix(filepath.Base(from), filepath.Ext(from))
			}
			f, err := scaffold.New(o)
			if err != nil {
				return err
			}
			if err := f.Write(force); err != nil {
				return err
			}
			err = f.Build(cmd.Context(), io.Discard)
			if err != nil && !errors.Is(err, scaffold.ErrNoGo) {
				return fmt.Errorf("%s was written, but its tests fail: %w", f.Path, err)
			}
			return err
		},
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Kind, "kind", "parser", "`kind` of plugin: "+strings.Join(scaffold.Kinds(), ", "))
	flags.StringVar(&from, "from", "", "`file` of lines as captured, to write a parser of")
	flags.StringVar(&o.Dir, "dir", ".", "`folder` in which the plugin's own is made")
	flags.StringVar(&o.SDK, "sdk", "", "`folder` of Logcenter's source")
	flags.BoolVar(&force, "force", false, "write over the files of a folder that is there")
	return cmd
}
