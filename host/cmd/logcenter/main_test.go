package main_test

import (
	"testing"

	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

func TestMain(m *testing.M) { estest.Main(m, trial.Clean) }
