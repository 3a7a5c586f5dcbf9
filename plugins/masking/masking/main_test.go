package main

import (
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.MaskerStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.MaskerStage(New)) }
func FuzzMask(f *testing.F)        { plugintest.Fuzz(f, sdk.MaskerStage(New)) }
func BenchmarkMask(b *testing.B)   { plugintest.Bench(b, sdk.MaskerStage(New)) }
