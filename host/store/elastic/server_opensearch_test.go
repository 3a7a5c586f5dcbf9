package elastic_test

import (
	"testing"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// The tests of this file come last, so that the servers are started once each.

func TestSuiteOnOpenSearch(t *testing.T) { runSuite(t, estest.SharedOpenSearch(t)) }

func TestKilledOnOpenSearch(t *testing.T) { runKilled(t, estest.SharedOpenSearch(t)) }
