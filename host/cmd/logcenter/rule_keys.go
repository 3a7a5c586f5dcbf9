package main

import (
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/rule"
)

func newRuleKeysCommand() *cobra.Command {
	var out output
	var asSchema bool
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "print all keys of a rule, with types, defaults and meanings",
		Long: `Print all keys that a rule can have, with types, defaults and meanings. A key of something inside another stands behind it, as
steps[].query. With --schema it is the JSON Schema (draft 2020-12) of a file of rules: editors with a YAML language server
use it when the file begins with
# yaml-language-server: $schema=rules.schema.json`,
		Example: `  logcenter rule keys
  logcenter rule keys --schema > rules.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			if asSchema {
				_, err := cmd.OutOrStdout().Write(rule.Schema())
				return err
			}
			type key struct {
				Key     string `json:"key"`
				Type    string `json:"type"`
				Default string `json:"default,omitempty"` // as JSON
				Meaning string `json:"meaning"`
			}
			t := newTable("key", "type", "default", "meaning")
			var keys []key
			for _, k := range rule.Keys() {
				t.add(k.Path, k.Type, k.Default, k.Description)
				keys = append(keys, key{k.Path, k.Type, k.Default, k.Description})
			}
			return out.print(cmd.OutOrStdout(), t, keys)
		},
	}
	cmd.Flags().BoolVar(&asSchema, "schema", false, "print the JSON Schema of a file of rules instead")
	out.flags(cmd.Flags(), "key, type, default and meaning of each")
	completeOutput(cmd)
	return cmd
}
