package storetest

import (
	"testing"

	"github.com/logcenter/logcenter/host/store"
)

func testCharts(t *testing.T, g *Group, open func(t *testing.T) store.Store) {}
