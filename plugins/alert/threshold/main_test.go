package main

import (
	"testing"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
)

func TestGolden(t *testing.T)      { plugintest.Golden(t, sdk.DetectorStage(New)) }
func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.DetectorStage(New)) }
func BenchmarkDetect(b *testing.B) { plugintest.Bench(b, sdk.DetectorStage(New)) }
