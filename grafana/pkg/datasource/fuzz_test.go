package datasource_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// FuzzQueryJSON asks whatever the JSON of a query says of a host that is not there, and a tail of it: there is an answer, or
// an error that is nobody's panic.
func FuzzQueryJSON(f *testing.F) {
	requests, _ := filepath.Glob("../../testdata/*.request.json")
	for _, path := range requests {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"kind":"logs","around":{"id":"x","time":"2026-10-11T12:00:00Z","before":true},"filters":[{"key":"a","operator":"=|","values":["b"]}]}`))
	f.Add([]byte(`{"kind":"metrics","chart":{"kind":"drill_down","by":[{"field":"a"},{"field":"b","size":3}],"previous":"1d","compare":[{"query":"x"}]}}`))
	f.Add([]byte(`{"kind":"alerts","alerts":{"states":["open"],"text":"x"},"limit":5}`))
	f.Add([]byte(`{"query":"$__timeFilter AND a:/x/ OR [1 TO","limit":-1}`))
	s := open(f, closedPort(f), "token", `{"stream":"s"}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond) // so that nothing is tried again
		defer cancel()
		res := s.query(ctx, string(b), wholeRange)
		if res.Error == nil {
			t.Fatal("a host that is not there has answered")
		}
		if res.ErrorSource == backend.ErrorSourcePlugin {
			t.Fatalf("%v", res.Error)
		}
		if _, err := s.SubscribeStream(ctx, &backend.SubscribeStreamRequest{PluginContext: s.context, Path: "tail/x", Data: b}); err == nil {
			t.Fatal("a host that is not there has answered")
		}
	})
}
