package sdk

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// watchParent ends this process when the host is gone: go-plugin leaves the plugins of a killed host running.
// The kernel's signal comes at once but only when the very thread that started us ends, so a look at the
// parent's id backs it up.
func watchParent() {
	parent := os.Getppid()
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0) // an old kernel: the watch below does it
	go func() {
		for range time.Tick(500 * time.Millisecond) {
			if os.Getppid() != parent {
				os.Exit(3)
			}
		}
	}()
}
