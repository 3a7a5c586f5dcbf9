package classify_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/classify"
)

func TestFind(t *testing.T) {
	w := classify.NewWords(classify.Means(1, "fw", "deny"), classify.Means(2, "denied", "拒绝"))
	f := func(text string, want int) {
		t.Helper()
		got, ok := w.Find([]byte(text))
		assert.Equal(t, want, got, text)
		assert.Equal(t, want != 0, ok, text)
	}
	f("core FW 1", 1)
	f("fw", 1)
	f("fwd", 0)
	f("Denying", 1)
	f("access denied", 2)
	f("undenied", 0)
	f("登录被拒绝了", 2)
	f("", 0)
}

func TestLogType(t *testing.T) {
	f := func(vendor, product, name, device, logType, kind string) {
		t.Helper()
		c := classify.Of([]byte(name), nil)
		got := classify.DeviceOf([]byte(vendor), []byte(product))
		assert.Equal(t, device, got, product)
		assert.Equal(t, logType, c.LogType(got, false, false), name)
		assert.Equal(t, kind, c.EventKind(false), name)
	}
	f("Acme", "Web Application Firewall", "SQL injection", "waf", "web_security", "alert")
	f("Acme", "NGFW", "port scan", "firewall", "attack", "alert")
	f("Acme", "NGFW", "link down", "firewall", "run_state", "event")
	f("Acme Endpoint", "X1", "Trojan found", "ips", "antivirus_event", "alert")
	f("Acme", "X1", "something", "server", "security", "event")
	assert.Equal(t, []string{"authentication"}, classify.Of(nil, []byte("Logon")).Categories())
	assert.Equal(t, classify.Authentication, classify.Of([]byte("登录"), nil))
	assert.Empty(t, classify.Of([]byte("x"), nil).Categories())
}
