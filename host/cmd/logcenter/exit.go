package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/plugin/pack"
)

// Exit codes, as the help of the root command says.
const (
	exitOK           = 0
	exitFailed       = 1
	exitUsage        = 2
	exitUnreachable  = 3
	exitUnauthorised = 4
	exitWrong        = 5
)

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// unreachableError is a host that does not answer.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// configError is a configuration that is wrong.
type configError struct{ err error }

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

// wrongError is a file that cannot be what a command was told it is.
type wrongError struct{ err error }

func (e *wrongError) Error() string { return e.err.Error() }
func (e *wrongError) Unwrap() error { return e.err }

// quietError has a code but was told already.
type quietError struct{ code int }

func (e *quietError) Error() string { return "" }

// exitCode is the code for what a command returned.
func exitCode(err error) int {
	var (
		usage       *usageError
		unreachable *unreachableError
		wrong       *configError
		file        *wrongError
		quiet       *quietError
		answer      *queryError
		refused     *pack.Error
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &quiet):
		return quiet.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &unreachable):
		return exitUnreachable
	case errors.As(err, &wrong), errors.As(err, &file), errors.As(err, &answer), errors.As(err, &refused):
		return exitWrong
	default:
		return answerCode(err)
	}
}

// report tells a person what went wrong with a command.
func report(w io.Writer, cmd *cobra.Command, err error) {
	var (
		usage *usageError
		wrong *configError
		quiet *quietError
		query *queryError
	)
	switch {
	case errors.As(err, &quiet):
	case errors.As(err, &usage):
		tell(w, "logcenter: %v\n%s --help shows what is possible, with examples\n", err, cmd.CommandPath())
	case errors.As(err, &wrong):
		for _, e := range config.Errors(wrong.err) {
			if e.File == "" {
				tell(w, "logcenter: %s\n", e.Msg)
				continue
			}
			tell(w, "%v\n", e)
		}
	case errors.As(err, &query):
		tell(w, "logcenter: %s", query.rendered())
	case errors.Is(err, context.Canceled):
		tell(w, "logcenter: interrupted\n")
	default:
		tell(w, "logcenter: %s\n", message(err))
		if hint := answerHint(err); hint != "" {
			tell(w, "  hint: %s\n", hint)
		}
	}
}

// tell writes to standard error; nothing can be done where that fails.
func tell(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
