// Command parser is a parser that finds nothing to do: what it costs, every parser does.
package main

import (
	"github.com/logcenter/logcenter/sdk"
)

type nothing struct{}

func (nothing) Parse([]byte, *sdk.Event) error { return nil }

func main() {
	sdk.ServeParser(func(struct{}) (sdk.Parser, error) { return nothing{}, nil })
}
