package client

import (
	"testing"
	"time"
)

// SetUnanswered has clients tell earlier, until the test is over, that they wait.
func SetUnanswered(t *testing.T, d time.Duration) {
	before := unanswered
	unanswered = d
	t.Cleanup(func() { unanswered = before })
}
