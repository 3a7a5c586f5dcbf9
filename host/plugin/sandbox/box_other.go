//go:build !linux

package sandbox

import (
	"errors"
	"os/exec"
	"time"
)

// Box is the sandbox around one process, which there is on Linux only.
type Box struct{}

var errLinux = errors.New("there is no sandbox but on Linux")

// Probe is what this machine's kernel has.
func Probe() Kernel { return Kernel{} }

// Expect is the report of a process that would be started with p here.
func Expect(p Policy) Report { return confined{}.report(p.WithDefaults()) }

// Wrap makes a command start a policy's program in a sandbox.
func Wrap(*exec.Cmd, Policy, func(error)) (*Box, error) { return nil, errLinux }

// Started says that the command was started, or that this was tried in vain.
func (b *Box) Started() {}

// Err is why the launcher could not make a command its program.
func (b *Box) Err() error { return errLinux }

// Report says what is enforced.
func (b *Box) Report() Report { return Report{} }

// Refused counts what the process tried and was refused.
func (b *Box) Refused() []Refusal { return nil }

// Kill ends all processes of the sandbox at once.
func (b *Box) Kill() {}

// Close gives up what the host has of the sandbox.
func (b *Box) Close() {}

type usage struct {
	memory             int64
	threads, processes int
	cpu                time.Duration
}

func usageOf(int, bool) usage { return usage{} }

// Memory is what a process has resident in bytes, 0 if it is not known.
func Memory(int) int64 { return 0 }

// CPU is the processor time of a process, 0 if it is not known.
func CPU(int) time.Duration { return 0 }
