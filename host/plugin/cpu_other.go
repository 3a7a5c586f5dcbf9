//go:build !linux

package plugin

import "time"

// processCPU is not known on this system.
func processCPU(int) time.Duration { return 0 }
