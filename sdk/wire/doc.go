// Package wire is the protocol between the host and a plugin process: the columnar batch, its checks, the
// gRPC codec that moves it without copies, and shared memory for its bodies.
//
// plugin.proto is the contract for every language. A batch holds events side by side: the raw lines
// unchanged in one arena, and what was found in them as spans into it. Whatever comes from the other
// process is checked by [Batch.Validate] or [Result.Validate] before any of its offsets is used.
package wire

//go:generate go tool -modfile=../../tools/buf/go.mod buf generate
