package main

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

const about = `Logcenter takes in the logs of a network's devices, parses, enriches and masks them by plugins that
run as processes of their own, keeps them, and answers searches.

Exit codes:
  0  all went well
  1  something failed; the message says what and what to do
  2  the command line is wrong
  3  the host cannot be reached
  4  the host does not accept the token, or the token may not do this
  5  a query, a time, a name, a package, the configuration or a plugin's folder is wrong

Environment:
  LOGCENTER_URL         where the host is, as --url
  LOGCENTER_TOKEN       the API token itself
  LOGCENTER_TOKEN_FILE  a file with the API token, as --token-file
Without these a host on this machine is asked with the token in data/admin.token.`

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	var begun bool
	root := newRootCommand(&begun)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !begun { // the command line did not lead to any command
		var flag *flagError
		if !errors.As(err, &flag) {
			err = cmp.Or(argumentError(cmd, args), err)
		}
		err = &usageError{err}
	}
	if err != nil {
		report(errs, cmd, err)
	}
	return exitCode(err)
}

// newRootCommand returns the command with all others below it. It sets begun when one of them starts.
func newRootCommand(begun *bool) *cobra.Command {
	c := &connection{retries: fewRetries, errs: io.Discard} // completion says nothing
	root := &cobra.Command{
		Use:   "logcenter",
		Short: "a security log center as a plugin toolkit",
		Long:  about,
		Example: `  logcenter run
  logcenter search 'observer.type:ips AND log.level:(Error OR Fatal)' --from -1h
  logcenter agg 'event.dataset:nginx.access' --hist '@timestamp:1m' --terms http.response.status_code
  logcenter tail 'log.level:Error'`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			*begun = true
			c.errs = cmd.ErrOrStderr()
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &flagError{err} })
	c.flags(root.PersistentFlags())
	root.AddCommand(
		newSearchCommand(c), newAggCommand(c), newTailCommand(c), newExportCommand(c), newFieldsCommand(c), newExplainCommand(c),
		newPluginCommand(c), newStreamCommand(c), newClassifyCommand(c), newRuleCommand(c), newWatchlistCommand(c), newInputsCommand(c), newConsumersCommand(c), newDeadLettersCommand(c), newAlertCommand(c), newCaseCommand(c), newChannelCommand(c), newRouteCommand(c), newOutboxCommand(c), newDriftCommand(c), newAssetCommand(c), newMaskingCommand(c),
		newHealthCommand(c), newStoreCommand(c), newFilesCommand(c), newRetentionCommand(c), newArchiveCommand(c),
		newBackupCommand(c), newRestoreCommand(), newMigrateCommand(),
		newValidateCommand(), newConfigCommand(), newLoadgenCommand(c), newVersionCommand(), newRunCommand(), newBenchCommand(),
	)
	return root
}
