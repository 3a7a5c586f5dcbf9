package classify

// Decision is what a device did with what it saw.
type Decision uint8

// The decisions. The zero value is none.
const (
	Undecided Decision = iota
	Allowed
	Denied
)

var decisions = NewWords(
	Means(Denied, "block", "deny", "denied", "denies", "drop", "reject", "refuse", "reset", "discard", "prevent", "quarantine",
		"阻断", "拒绝", "拦截"),
	Means(Allowed, "allow", "permit", "pass.", "passed", "passthrough", "accept", "forward", "放行", "允许"),
)

// DecisionOf tells what was decided by the device's word for what it did, such as the value of a key action.
func DecisionOf(action []byte) Decision {
	d, _ := decisions.Find(action)
	return d
}

// EventType is event.type: allowed or denied, and info if nothing was decided.
func (d Decision) EventType() string { return [...]string{"info", "allowed", "denied"}[d] }

// Outcome is the event.outcome that follows of the decision: success or failure, "" if nothing was decided.
func (d Decision) Outcome() string { return [...]string{"", success, failure}[d] }

const (
	success = "success"
	failure = "failure"
)

var outcomes = NewWords(
	Means(success, "success", "succeed", "ok", "allow", "pass.", "passed", "accept", "permit", "true", "成功", "允许"),
	Means(failure, "fail", "denied", "deny", "denies", "block", "drop", "reject", "refuse", "error", "false", "invalid",
		"incorrect", "unauthorized", "失败", "拒绝"),
)

// Outcome is event.outcome by the value of a key that says how something ended, such as result or status: success or
// failure, "" if it says neither.
func Outcome(value []byte) string {
	o, _ := outcomes.Find(value)
	return o
}

// endings are fewer than outcomes: "error", "ok" and "true" may be anything in a sentence.
var endings = NewWords(
	Means(failure, "fail", "invalid", "denied", "deny", "denies", "refuse", "reject", "block", "drop", "incorrect", "bad",
		"not allowed", "unauthorized", "失败", "拒绝"),
	Means(success, "accept", "success", "succeed", "allow", "permit", "session opened", "成功", "允许"),
)

// OutcomeIn is event.outcome by a sentence, such as the name of an event or the text of a program: success or failure,
// "" if it tells neither.
func OutcomeIn(text []byte) string {
	o, _ := endings.Find(text)
	return o
}
