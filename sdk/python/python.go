// Package python is the SDK for plugins in Python: the package logcenter, which the host brings along, so that a
// plugin's folder needs its own code only.
//
// Its one idea is that of package sdk, the same protocol and the same words: one class with one method, and one line
// that serves it. See logcenter/__init__.py, and examples/acmevpn for a whole plugin.
package python

import "embed"

//go:generate go run ./generate

// Files is the package: logcenter/*.py.
//
//go:embed logcenter/*.py
var Files embed.FS
