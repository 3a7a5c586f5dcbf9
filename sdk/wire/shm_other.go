//go:build !linux

package wire

import (
	"errors"
	"os"
)

// Region is shared memory of equal slots. It exists on Linux only; elsewhere bodies travel over the socket.
type Region struct{}

var errNoShm = errors.New("shared memory transport needs Linux")

// NewRequestRegion returns an error on this system.
func NewRequestRegion(int, int) (*Region, error) { return nil, errNoShm }

// NewReplyRegion returns an error on this system.
func NewReplyRegion(int, int) (*Region, error) { return nil, errNoShm }

// OpenRegion returns an error on this system.
func OpenRegion(uintptr, int, int, bool) (*Region, error) { return nil, errNoShm }

// File is nil.
func (*Region) File() *os.File { return nil }

// Slot is nil.
func (*Region) Slot(int) []byte { return nil }

// Slots is 0.
func (*Region) Slots() int { return 0 }

// Close does nothing.
func (*Region) Close() error { return nil }
