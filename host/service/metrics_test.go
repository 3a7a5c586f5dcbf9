package service_test

import (
	"os"
	"reflect"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/alert"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
)

// What is counted and not shown helps nobody.
func TestEveryCounterIsAMetric(t *testing.T) {
	source, err := os.ReadFile("metrics.go")
	require.NoError(t, err)
	for _, counters := range []any{pipeline.Counters{}, plugin.Metrics{}, alert.Runner{}} {
		of := reflect.TypeOf(counters)
		for _, f := range reflect.VisibleFields(of) {
			if f.IsExported() && f.Type == reflect.TypeFor[atomic.Int64]() {
				assert.Regexp(t, `\.`+regexp.QuoteMeta(f.Name)+`\.Load\(\)`, string(source), "%s.%s is counted, but no metric of metrics.go shows it", of, f.Name)
			}
		}
	}
	for _, stats := range []any{input.Stats{}, input.IntakeStats{}} {
		of := reflect.TypeOf(stats)
		for _, f := range reflect.VisibleFields(of) {
			if f.Type.Kind() == reflect.Int64 && f.Name != "Batches" && f.Name != "Entries" { // what they hold is shown
				assert.Regexp(t, `\.`+f.Name+`\b`, string(source), "%s.%s is counted, but no metric of metrics.go shows it", of, f.Name)
			}
		}
	}
}
