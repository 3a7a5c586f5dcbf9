package classify_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/classify"
)

func TestDecisionOf(t *testing.T) {
	f := func(action string, want classify.Decision, kind, outcome string) {
		t.Helper()
		d := classify.DecisionOf([]byte(action))
		assert.Equal(t, want, d, action)
		assert.Equal(t, kind, d.EventType(), action)
		assert.Equal(t, outcome, d.Outcome(), action)
	}
	f("REQ_BLOCKED_SESSION", classify.Denied, "denied", "failure")
	f("Quarantined", classify.Denied, "denied", "failure")
	f("拦截", classify.Denied, "denied", "failure")
	f("PASS", classify.Allowed, "allowed", "success")
	f("forwarded to scanner", classify.Allowed, "allowed", "success")
	f("Retrieve password", classify.Undecided, "info", "")
	f("bypass", classify.Undecided, "info", "")
	f("alert", classify.Undecided, "info", "")
	f("", classify.Undecided, "info", "")
}

func TestOutcome(t *testing.T) {
	f := func(text, value, sentence string) {
		t.Helper()
		assert.Equal(t, value, classify.Outcome([]byte(text)), text)
		assert.Equal(t, sentence, classify.OutcomeIn([]byte(text)), text)
	}
	f("Login failed", "failure", "failure")
	f("OK", "success", "")
	f("okra", "", "")
	f("true", "success", "")
	f("passed", "success", "")
	f("Password changed", "", "")
	f("no error", "failure", "") // why sentences have a list of their own
	f("登录成功", "success", "success")
	f("bad user", "", "failure")
	f("Invalid user anna", "failure", "failure")
	f("pending", "", "")
	f("", "", "")
}

var sink string

// A name as devices of many kinds have them, which none of the words is in: known ones, and longer ones that are new.
func BenchmarkFind(b *testing.B) {
	for _, name := range []string{"Interior temperature above the limit", "Interior temperature of the third unit above the limit of 40 degrees"} {
		b.Run(strconv.Itoa(len(name)), func(b *testing.B) {
			text := []byte(name)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				sink = classify.Of(text, nil).EventKind(false)
			}
		})
	}
}
