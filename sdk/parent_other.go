//go:build !linux

package sdk

import (
	"os"
	"time"
)

// watchParent ends this process when the host is gone: go-plugin leaves the plugins of a killed host running.
func watchParent() {
	parent := os.Getppid()
	go func() {
		for range time.Tick(500 * time.Millisecond) {
			if os.Getppid() != parent {
				os.Exit(3)
			}
		}
	}()
}
