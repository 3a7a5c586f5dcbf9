package main

import (
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.ParserStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.ParserStage(New)) }
func FuzzParse(f *testing.F)       { plugintest.Fuzz(f, sdk.ParserStage(New)) }
func BenchmarkParse(b *testing.B)  { plugintest.Bench(b, sdk.ParserStage(New)) }
