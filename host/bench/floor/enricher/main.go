// Command enricher is an enricher that finds nothing to do: what it costs, every enricher does.
package main

import (
	"context"

	"github.com/logcenter/logcenter/sdk"
)

type nothing struct{}

func (nothing) Enrich(context.Context, *sdk.Event) error { return nil }

func main() {
	sdk.ServeEnricher(func(struct{}) (sdk.Enricher, error) { return nothing{}, nil })
}
