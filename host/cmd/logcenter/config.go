package main

import (
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/config"
)

func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "show what can be configured",
		Example: `  logcenter config example > logcenter.yaml
  logcenter config schema > logcenter.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "example",
			Short: "print a configuration file with all keys, their meanings and defaults",
			Example: `  logcenter config example > logcenter.yaml
  logcenter run --config logcenter.yaml`,
			Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := cmd.OutOrStdout().Write(config.Example())
				return err
			},
		},
		&cobra.Command{
			Use:     "schema",
			Short:   "print the JSON Schema of the configuration file, for editors",
			Long:    "Print the JSON Schema (draft 2020-12) of the configuration file.\n\nEditors with a YAML language server use it when the file begins with\n# yaml-language-server: $schema=logcenter.schema.json",
			Example: "  logcenter config schema > logcenter.schema.json",
			Args:    cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := cmd.OutOrStdout().Write(config.JSONSchema())
				return err
			},
		},
	)
	return cmd
}
