package infocenter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/classify"
	"github.com/logcenter/logcenter/sdk/infocenter"
)

func show(m *infocenter.Message) string {
	return string(m.Hostname) + "|" + string(m.Module) + "|" + string(m.Digit) + "|" + string(m.Mnemonic) + "|" + string(m.Text)
}

func TestParse(t *testing.T) {
	f := func(line, mark, want string) {
		t.Helper()
		var m infocenter.Message
		err := m.Parse([]byte(line), mark)
		require.NoError(t, err, line)
		assert.Equal(t, want, show(&m), line)
		assert.Equal(t, string(m.Module)+"/", string(m.Name[:len(m.Module)+1]))
	}
	f("<190>Oct 11 12:00:01 2026 fw1 %%10SHELL/6/SHELL_CMD: -Line=vty0; Command is x", "%%10", "fw1|SHELL|6|SHELL_CMD|-Line=vty0; Command is x")
	f("<190>2026-10-11 12:00:01 fw1 %%01SECLOG/6/SESSION_BUILT(l)[7]:IPVer=4 ", "%%01", "fw1|SECLOG|6|SESSION_BUILT|IPVer=4")
	f("<190>fw1 %%: %%01SECLOG/6/SESSION_BUILT(l):a=1", "%%01", "fw1|SECLOG|6|SESSION_BUILT|a=1")
	f("Oct 11 12:00:01 10.1.1.9 2026-10-11 12:00:02 fw1 %%01NTP/6/LEAP(l):x", "%%01", "fw1|NTP|6|LEAP|x")
	f("<190>Oct 11 12:00:01 2026+08:00 DST 分行 %%01NTP/6/LEAP(l):x", "%%01", "分行|NTP|6|LEAP|x")
	f("<188>Oct 11 12:00:01 2026 %%10ENV/4/FAN:x", "%%10", "|ENV|4|FAN|x")
	f("<188>%%10session/9/a-b:", "%%10", "|session||a-b|")
	f("100% %%10A/1/B:%%10C/2/D:x", "%%10", "100%|A|1|B|%%10C/2/D:x")
}

// Relays put a header of their own in front, and collectors cut the PRI off.
func TestOrigin(t *testing.T) {
	received := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	f := func(line, mark, host, at string) {
		t.Helper()
		var m infocenter.Message
		err := m.Parse([]byte(line), mark)
		require.NoError(t, err, line)
		ns, ok := m.Time(time.UTC, received)
		require.True(t, ok, line)
		assert.Equal(t, host+" "+at, string(m.Hostname)+" "+time.Unix(0, ns).UTC().Format(time.DateTime), line)
	}
	f("<188>Jul 20 2016 16:44:00 fw1 %%01SHELL/5/LOGOUT(s)[69573]:x", "%%01", "fw1", "2016-07-20 16:44:00")
	f("Mar 26 2022 17:06:48+03:00 DST fw1 %%01SSH/4/A(s):x", "%%01", "fw1", "2022-03-26 14:06:48")
	f("Apr  2 2020 20:25:28-08:00 fw1 %%01SSH/4/A(l)[0]:x", "%%01", "fw1", "2020-04-03 04:25:28")
	f("2018/5/21 10:43:00 fw1 %%01SHELL/6/A(s)[235]:x", "%%01", "fw1", "2018-05-21 10:43:00")
	f("Sep 9 11:56:41 10.123.169.1 2020-09-09 10:05:11 fw1 %%01SECLOG/6/A(l):x", "%%01", "fw1", "2020-09-09 10:05:11")
	f("Jul  1 00:00:05 2017-06-30 16: 00:05 fw1 %%01SEC/4/A(l): x", "%%01", "fw1", "2017-06-30 16:00:05")
	f("<6>Jul  1 00:00:05 relay 2017-06-30T16:00:05 %%: %%01SEC/4/A(l): x", "%%01", "relay", "2017-06-30 16:00:05")
	f("2020-08-31T12:07:36.000Z 172.16.103.12 fw1 %%10FILTER/6/A: x", "%%10", "fw1", "2020-08-31 12:07:36")
	f("<190>May 18 11:20:10 2016 fw1 %%10FILTER/6/A(l): x", "%%10", "fw1", "2016-05-18 11:20:10")
}

func TestSequence(t *testing.T) {
	f := func(tail, want string) {
		t.Helper()
		var m infocenter.Message
		err := m.Parse([]byte("<188>Jul 20 2016 16:44:00 fw1 %%01A/5/B"+tail), "%%01")
		require.NoError(t, err, tail)
		assert.Equal(t, want, string(m.Sequence)+"|"+string(m.Text), tail)
	}
	f("(s)[69573]:x", "69573|x")
	f("(l)[7](3):x#015", "7|x")
	f("(l)[]:x", "|x")
	f("[7:x", "|x")
	f(":x[7]", "|x[7]")
}

func TestNoName(t *testing.T) {
	for _, line := range []string{
		"", "%", "%%1", "%%10", "<190>Oct 11 12:00:01 fw1 %%01A/1/B:x", "<190>Oct 11 12:00:01 fw1 %%10A", "<190>Oct 11 12:00:01 fw1 %%10A/",
		"<190>Oct 11 12:00:01 fw1 %%10A/1/", "<190>Oct 11 12:00:01 fw1 %%10A/1/B", "<190>Oct 11 12:00:01 fw1 %%10A B/1/C:x",
		"<190>Oct 11 12:00:01 fw1 %%10A//C:x", "<190>Oct 11 12:00:01 fw1 %%10/1/C:x",
	} {
		var m infocenter.Message
		err := m.Parse([]byte(line), "%%10")
		require.ErrorIs(t, err, infocenter.ErrName, line)
		assert.Nil(t, m.Name)
		assert.Nil(t, m.Text)
		if len(line) > 20 {
			assert.Equal(t, "fw1", string(m.Hostname), line)
		}
	}
}

func TestSessionOf(t *testing.T) {
	f := func(mnemonic string, want infocenter.Session, wantFailed bool) {
		t.Helper()
		s, failed := infocenter.SessionOf([]byte(mnemonic))
		assert.Equal(t, want, s, mnemonic)
		assert.Equal(t, wantFailed, failed, mnemonic)
	}
	f("SHELL_LOGIN", infocenter.Start, false)
	f("login_failed", infocenter.Start, true)
	f("SSHS_DISCONNECT", infocenter.End, false)
	f("SSHS_AUTH_FAIL", infocenter.Start, true)
	f("USER_OFFLINE", infocenter.End, false)
	f("CMDRECORD", infocenter.NoSession, false)
	f("IKE_NEGO_FAIL", infocenter.NoSession, true)
}

func TestDecisionOf(t *testing.T) {
	for action, want := range map[string]classify.Decision{
		"Permit": classify.Allowed, "POLICYDENY": classify.Denied, "logging,block-source": classify.Denied, "logging": classify.Allowed,
		"discard": classify.Denied, "": classify.Undecided, "Perhaps": classify.Undecided, "Reset & Logging": classify.Denied,
	} {
		assert.Equal(t, want, infocenter.DecisionOf([]byte(action)), action)
	}
}

func TestNoAllocation(t *testing.T) {
	line := []byte("<190>Oct 11 12:00:01 2026 fw1 %%10SHELL/6/SHELL_CMD: -Line=vty0; Command is x")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var m infocenter.Message
		if err := m.Parse(line, "%%10"); err != nil {
			t.Error(err)
		}
	}))
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{"<190>Oct 11 12:00:01 2026 fw1 %%10SHELL/6/SHELL_CMD(l): x", "%%10A/1/B:x", "<1>%%: %%10A/1/B[:"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var m infocenter.Message
		err := m.Parse(line, "%%10")
		if (err == nil) != (m.Name != nil) {
			t.Fatalf("error %v with name %q", err, m.Name)
		}
		for _, v := range [][]byte{m.Name, m.Module, m.Digit, m.Mnemonic, m.Text, m.Hostname} {
			if cap(v) != len(v) && len(v) > 0 && &v[len(v)-1] != &line[len(line)-1] {
				t.Fatal("an append would write into the line")
			}
		}
	})
}

func TestClasses(t *testing.T) {
	classes := infocenter.NewClasses(
		infocenter.Rule{Dataset: "x.system", Category: "host", LogType: infocenter.RunState},
		infocenter.Rule{Modules: "IPS WAF", Dataset: "x.ips", Category: "intrusion_detection", LogType: infocenter.Attack, Ends: true},
		infocenter.Rule{Modules: "SHELL", Dataset: "x.login", Category: "authentication", LogType: infocenter.Other},
	)
	for module, want := range map[string]string{"IPS": "x.ips", "waf": "x.ips", "Shell": "x.login", "NTP": "x.system", "": "x.system"} {
		assert.Equal(t, want, classes.Of([]byte(module)).Dataset, module)
	}
	c := classes.Of([]byte("SHELL"))
	assert.NotSame(t, c.Session(infocenter.Start, true), c.Session(infocenter.Start, false))
	assert.Nil(t, c.Decided[classify.Undecided])
}
