package elastic_test

import (
	"testing"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// The tests of this file come last, so that the servers are started once each.

func TestSuiteOnOpenSearch(t *testing.T) { runSuite(t, estest.SharedOpenSearch(t)) }

func TestKilledOnOpenSearch(t *testing.T) { runKilled(t, estest.SharedOpenSearch(t)) }

func TestClusterInTroubleOnOpenSearch(t *testing.T) { runTrouble(t, estest.SharedOpenSearch(t)) }

func TestBadDocumentsOnOpenSearch(t *testing.T) { runBadDocuments(t, estest.SharedOpenSearch(t)) }
