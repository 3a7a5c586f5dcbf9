package elastic_test

import (
	"os"
	"testing"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

// Tests that need another server than estest.Shared are in files with_*, whose names come last: so each server is started
// once.

func TestSuiteOnOpenSearch(t *testing.T) { runSuite(t, "opensearch", estest.SharedOpenSearch) }

func TestKilledOnOpenSearch(t *testing.T) {
	inLongRuns(t)
	runKilled(t, estest.SharedOpenSearch(t))
}

func TestClusterInTroubleOnOpenSearch(t *testing.T) {
	inLongRuns(t)
	runTrouble(t, estest.SharedOpenSearch(t))
}

func TestBadDocumentsOnOpenSearch(t *testing.T) { runBadDocuments(t, estest.SharedOpenSearch(t)) }

func TestTermsOverShardsOnOpenSearch(t *testing.T) {
	runTermsOverShards(t, estest.SharedOpenSearch(t), false)
}

// inLongRuns is for what Elasticsearch is tested for at every run.
func inLongRuns(t *testing.T) {
	t.Helper()
	if os.Getenv("LOGCENTER_LONG") == "" {
		t.Skip("runs with LOGCENTER_LONG=1")
	}
}
