// Package storetest proves that a store gives the answers that package store promises: every store passes the
// same scripts, and each search of a script is also asked of the in-memory matcher.
package storetest

import (
	"testing"

	"github.com/logcenter/logcenter/host/store"
)

// Run runs the suite. open makes an empty store that is closed with the test.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Run("Scripts", func(t *testing.T) { runScripts(t, open) })
}
