// Command logcenter is the log center: the host itself and everything that talks to it. This folder holds
// commands and wiring only, one command a file.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // time zones also on machines that have none
)

// gcPercent lets garbage grow to twice what lives: the host's heap is small beside its buffers, and collecting
// less often costs a tenth less processor time. GOGC in the environment goes before it.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
