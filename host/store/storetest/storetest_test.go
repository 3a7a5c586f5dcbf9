package storetest_test

import (
	"testing"

	"github.com/logcenter/logcenter/host/store/storetest"
)

func TestMatcher(t *testing.T) { storetest.RunMatcher(t) }
