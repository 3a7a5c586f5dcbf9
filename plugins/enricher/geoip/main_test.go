package main

import (
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.EnricherStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.EnricherStage(New)) }
func BenchmarkEnrich(b *testing.B) { plugintest.Bench(b, sdk.EnricherStage(New)) }
