package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/message"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/porttest"
	"github.com/logcenter/logcenter/sdk/schema"
)

func TestConformance(t *testing.T) { plugintest.Conformance(t, sdk.NotifierStage(New)) }

var alert = sdk.Alert{
	ID: "5f2d", Rule: "login-failures", Name: "Login failures", Description: "Somebody guesses passwords.", Topic: "logins", Type: "frequency",
	Frequency: "continuous", Remarks: "night shift:\ncall first", Severity: "Error", Priority: 2, Fields: map[string]string{"host.name": "fw-01"},
	Keys: map[string]string{"source.ip": "203.0.113.9", "user.name": "zhang"}, Count: 21, Tags: []string{"vpn", "attack.t1110"},
	URL: "https://lc.example/alerts/5f2d", First: time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC), Last: time.Date(2026, 10, 11, 12, 9, 0, 3e8, time.UTC),
}

const (
	community    = "c0mmunity"
	authPassword = "authent1cation"
	privPassword = "pr1vacypassword"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func configured(t *testing.T, address string, change func(*Target)) Target {
	t.Helper()
	var c Target
	schema.Defaults(&c)
	c.Name, c.Address, c.Timeout, c.Retry, c.EngineID = "nms", address, 4*time.Second, 100*time.Millisecond, "80007ed9046c6f67"
	c.Username, c.AuthFile, c.PrivacyFile = "logcenter-SHA256-AES", file(t, authPassword), file(t, privPassword)
	change(&c)
	if c.Version == "2c" {
		c.CommunityFile, c.Username, c.AuthFile, c.PrivacyFile = file(t, community), "", "", ""
	}
	require.NoError(t, c.Validate())
	return c
}

func start(t *testing.T, address string, change func(*Target)) sdk.Notifier {
	t.Helper()
	n, err := New(Config{[]Target{configured(t, address, change)}})
	require.NoError(t, err)
	return n
}

// Modules that LOGCENTER-MIB is made with. Debian has none of them, as their licence is not free; net-snmp knows their
// macros by itself, so that these lines do.
var modules = map[string]string{
	"SNMPv2-SMI": `enterprises OBJECT IDENTIFIER ::= { iso org(3) dod(6) internet(1) private(4) 1 }
		mib-2 OBJECT IDENTIFIER ::= { iso org(3) dod(6) internet(1) mgmt(2) 1 }
		snmpModules OBJECT IDENTIFIER ::= { iso org(3) dod(6) internet(1) snmpV2(6) 3 }`,
	"SNMPv2-CONF": "",
	"SNMPv2-TC":   `DateAndTime ::= TEXTUAL-CONVENTION DISPLAY-HINT "2d-1d-1d,1d:1d:1d.1d,1a1d:1d" STATUS current DESCRIPTION "" SYNTAX OCTET STRING (SIZE (8 | 11))`,
}

// mibs is a folder with LOGCENTER-MIB and what it is made with.
func mibs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range modules {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".txt"), []byte(name+" DEFINITIONS ::= BEGIN\n"+body+"\nEND\n"), 0o600))
	}
	ours, err := os.ReadFile("data/LOGCENTER-MIB.txt")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "LOGCENTER-MIB.txt"), ours, 0o600))
	return dir
}

// tool finds one of net-snmp's.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	_, err = os.Stat(path)
	require.NoError(t, err, "this test needs %s: apt-get install snmp snmptrapd", name)
	return path
}

// TestMIBIsThatOfTheCode has net-snmp's parser say what each object is.
func TestMIBIsThatOfTheCode(t *testing.T) {
	dir := mibs(t)
	translate := func(oid string) string {
		out, err := exec.CommandContext(t.Context(), tool(t, "snmptranslate"), "-Pw", "-M", dir, "-m", "LOGCENTER-MIB", oid).CombinedOutput() //nolint:gosec // a tool of the test
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	for _, tt := range []struct {
		oid  int
		name string
	}{
		{oidID, "ID"},
		{oidKind, "Kind"},
		{oidName, "Name"},
		{oidDescription, "Description"},
		{oidTopic, "Topic"},
		{oidType, "Type"},
		{oidMethod, "Method"},
		{oidFields, "Fields"},
		{oidFrequency, "Frequency"},
		{oidRemarks, "Remarks"},
		{oidSeverity, "Severity"},
		{oidPriority, "Priority"},
		{oidKeys, "Keys"},
		{oidCount, "Count"},
		{oidFirst, "First"},
		{oidLast, "Last"},
		{oidRule, "Rule"},
		{oidTags, "Tags"},
		{oidURL, "URL"},
		{oidRecovers, "Recovers"},
		{oidText, "Text"},
	} {
		assert.Equal(t, fmt.Sprintf("LOGCENTER-MIB::logcenterAlert%s.0", tt.name), translate(fmt.Sprintf("1.3.6.1.4.1.32473.1.1.%d.0", tt.oid)))
	}
	for kind, name := range map[string]string{"alert": "Raised", "recovery": "Recovered", "summary": "Summary", "escalation": "Escalated", "test": "Test"} {
		assert.Equal(t, "LOGCENTER-MIB::logcenterAlert"+name, translate(fmt.Sprintf("1.3.6.1.4.1.32473.1.0.%d", notifications[kind])))
	}
}

// trapd is a real snmptrapd.
type trapd struct {
	address string
	out     string
}

func startTrapd(t *testing.T, users []string) *trapd {
	t.Helper()
	address, err := porttest.Address()
	require.NoError(t, err)
	dir := t.TempDir()
	d := &trapd{address: address, out: filepath.Join(dir, "out")}
	conf := "disableAuthorization no\nauthCommunity log " + community + "\n"
	for _, u := range users {
		conf += u + "\n"
	}
	path := filepath.Join(dir, "snmptrapd.conf")
	require.NoError(t, os.WriteFile(path, []byte(conf), 0o600))
	cmd := exec.Command(tool(t, "snmptrapd"), "-f", "-Lf", d.out, "-C", "-c", path, "-M", mibs(t), "-m", "LOGCENTER-MIB", //nolint:gosec // a tool of the test
		"-F", "BEGIN %v END\n", "-O", "q", "udp:"+d.address)
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "SNMPCONFPATH="+dir)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("snmptrapd says: %s", d.read())
		}
	})
	require.Eventually(t, func() bool { return bytes.Contains(d.read(), []byte("NET-SNMP version")) }, time.Minute, 10*time.Millisecond, "snmptrapd does not start")
	return d
}

func (d *trapd) read() []byte {
	b, _ := os.ReadFile(d.out)
	return b
}

// notification is what snmptrapd has understood of the alert of an id.
func (d *trapd) notification(t *testing.T, id string) string {
	t.Helper()
	var found string
	require.Eventually(t, func() bool {
		for part := range strings.SplitSeq(string(d.read()), "BEGIN ") {
			if whole, _, ok := strings.Cut(part, " END\n"); ok && strings.Contains(whole, "logcenterAlertID.0 "+id+"\t") {
				found = whole
			}
		}
		return found != ""
	}, time.Minute, 10*time.Millisecond, "%s did not arrive", id)
	return found
}

func TestSnmptrapd(t *testing.T) {
	var users []string
	var versions []func(*Target)
	versions = append(versions, func(c *Target) { c.Version = "2c" })
	for _, p := range [][2]string{{"SHA", "AES"}, {"SHA224", "AES"}, {"SHA256", "AES"}, {"SHA384", "AES192C"}, {"SHA512", "AES256C"}, {"SHA256", "AES192"}, {"SHA512", "AES256"}} {
		name := "logcenter-" + p[0] + "-" + p[1]
		as := strings.NewReplacer("SHA2", "SHA-2", "SHA3", "SHA-3", "SHA5", "SHA-5", "AES192C", "AES-192-C", "AES256C", "AES-256-C", "AES192", "AES-192", "AES256", "AES-256").Replace
		for _, engine := range []string{"", "-e 0x80007ed9046c6f67 "} { // of informs, of traps
			users = append(users, fmt.Sprintf("createUser %s%s %s %s %s %s", engine, name, as(p[0]), authPassword, as(p[1]), privPassword))
		}
		users = append(users, "authUser log "+name+" authPriv")
		versions = append(versions, func(c *Target) { c.Username, c.Auth, c.Privacy = name, p[0], p[1] })
	}
	d := startTrapd(t, users)
	for i, version := range versions {
		for _, inform := range []bool{false, true} {
			a := alert
			a.ID = fmt.Sprintf("id-%d-%v", i, inform)
			c := configured(t, d.address, func(c *Target) { c.Inform = inform; version(c) })
			t.Run(fmt.Sprintf("%s-%s-%s-%v", c.Version, c.Auth, c.Privacy, inform), func(t *testing.T) {
				n, err := New(Config{[]Target{c}})
				require.NoError(t, err)
				for range 2 {
					require.NoError(t, n.Notify(t.Context(), a))
				}
				got := d.notification(t, a.ID)
				for _, want := range []string{
					"snmpTrapOID.0 LOGCENTER-MIB::logcenterAlertRaised", "logcenterAlertKind.0 alert\t", "logcenterAlertName.0 Login failures\t",
					"logcenterAlertDescription.0 Somebody guesses passwords.\t", "logcenterAlertTopic.0 logins\t", "logcenterAlertType.0 frequency\t",
					"logcenterAlertMethod.0 snmp/nms\t", "logcenterAlertFields.0 host.name=fw-01\t", "logcenterAlertFrequency.0 continuous\t",
					"logcenterAlertRemarks.0 night shift: call first\t", "logcenterAlertSeverity.0 error\t", "logcenterAlertPriority.0 2\t",
					"logcenterAlertKeys.0 source.ip=203.0.113.9 user.name=zhang\t", "logcenterAlertCount.0 21\t", "logcenterAlertFirst.0 2026-10-11,12:0:0.0,+0:0\t",
					"logcenterAlertLast.0 2026-10-11,12:9:0.3,+0:0\t", "logcenterAlertRule.0 login-failures\t", "logcenterAlertTags.0 vpn,attack.t1110\t",
					"logcenterAlertURL.0 https://lc.example/alerts/5f2d\t", "logcenterAlertText.0 [ALERT] Login failures: ",
				} {
					assert.Contains(t, strings.ReplaceAll(strings.ReplaceAll(got, `"`, ""), "SNMPv2-SMI::snmpModules.1.1.4.1.0", "snmpTrapOID.0"), want)
				}
			})
		}
	}
	t.Run("kinds", func(t *testing.T) {
		n := start(t, d.address, func(*Target) {})
		for kind, name := range map[sdk.AlertKind]string{sdk.AlertRecovery: "Recovered", sdk.AlertSummary: "Summary", sdk.AlertEscalation: "Escalated", sdk.AlertTest: "Test"} {
			a := alert
			a.ID, a.Kind, a.Recovers = "kind-"+string(kind), kind, "5f2d"
			require.NoError(t, n.Notify(t.Context(), a))
			got := d.notification(t, a.ID)
			assert.Contains(t, got, "LOGCENTER-MIB::logcenterAlert"+name+"\t")
			assert.Contains(t, got, "logcenterAlertRecovers.0 5f2d")
		}
	})
	// Whom snmptrapd does not know is told so by informs.
	for name, change := range map[string]func(*Target){
		"password":  func(c *Target) { c.AuthFile = file(t, "wr0ngwr0ng") },
		"privacy":   func(c *Target) { c.PrivacyFile = file(t, "wr0ngwr0ng") },
		"user":      func(c *Target) { c.Username = "nobody" },
		"community": func(c *Target) { c.Version = "2c" },
	} {
		t.Run(name, func(t *testing.T) {
			c := configured(t, d.address, func(c *Target) { change(c); c.Timeout = 300 * time.Millisecond })
			if c.Version == "2c" {
				c.CommunityFile = file(t, "wr0ngwr0ng")
			}
			n, err := New(Config{[]Target{c}})
			require.NoError(t, err)
			err = n.Notify(t.Context(), alert)
			var again *sdk.RetryError
			require.ErrorAs(t, err, &again)
			for _, hidden := range []string{"wr0ng", community, authPassword, privPassword} {
				assert.NotContains(t, err.Error(), hidden)
			}
		})
	}
}

func TestLongAlertsKeepTheBound(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	long := alert
	for _, s := range []*string{&long.Name, &long.Description, &long.Topic, &long.Type, &long.Method, &long.Remarks, &long.Frequency, &long.Rule, &long.Recovers} {
		*s = strings.Repeat("长", 3000)
	}
	long.Fields, long.Tags = map[string]string{"x": long.Name}, []string{long.Name}
	long.ID = strings.Repeat("i", 64)
	for _, most := range []int{1200, 1400, 8000, 60000} {
		for _, version := range []string{"2c", "3"} {
			n := start(t, l.LocalAddr().String(), func(c *Target) { c.MaxBytes, c.Version, c.Inform = most, version, false })
			require.NoError(t, n.Notify(t.Context(), long))
			b := make([]byte, 1<<16)
			require.NoError(t, l.SetReadDeadline(time.Now().Add(10*time.Second)))
			size, _, err := l.ReadFrom(b)
			require.NoError(t, err)
			assert.LessOrEqual(t, size, most)
			assert.Greater(t, size, min(most/3, 10000), "no more is cut than must be")
			if version == "2c" {
				assert.Contains(t, string(b[:size]), long.ID)
				assert.Contains(t, string(b[:size]), long.URL)
			}
		}
	}
}

func TestAnInformThatNobodyAnswersIsTriedAgain(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0") // that reads nothing
	require.NoError(t, err)
	defer l.Close()
	for _, version := range []string{"2c", "3"} {
		n := start(t, l.LocalAddr().String(), func(c *Target) { c.Version, c.Timeout = version, 100*time.Millisecond })
		var again *sdk.RetryError
		err := n.Notify(t.Context(), alert)
		require.ErrorAs(t, err, &again)
		require.ErrorContains(t, err, "not answered within 100ms")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorAs(t, start(t, l.LocalAddr().String(), func(c *Target) { c.Version = version }).Notify(ctx, alert), &again)
		other := alert
		other.Target = "boc"
		assert.NotErrorAs(t, n.Notify(t.Context(), other), &again)
	}
}

func TestEngine(t *testing.T) {
	id, err := engineID(&Target{Enterprise: 32473})
	require.NoError(t, err)
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, ("80007ed904" + hex.EncodeToString([]byte(host)))[:min(64, 10+2*len(host))], hex.EncodeToString([]byte(id)))
	at := time.Date(2026, 10, 11, 12, 0, 0, 0, time.UTC)
	assert.Greater(t, bootsAt(at.Add(time.Second)), bootsAt(at))
	assert.Equal(t, uint32(1), bootsAt(time.Time{}))
	assert.Equal(t, uint32(1<<31-2), bootsAt(at.AddDate(100, 0, 0)))
}

func TestEnterprise(t *testing.T) {
	m, err := message.New(message.Config{Language: "en", Timezone: "UTC"})
	require.NoError(t, err)
	r := &receiver{c: Target{Enterprise: 55555, MaxBytes: 1400}}
	for _, v := range r.variables(m.Message(&alert, "snmp/nms", time.Now()), time.Hour)[1:] {
		name := v.Name
		if v.Type == gosnmp.ObjectIdentifier {
			name = v.Value.(string)
		}
		assert.Contains(t, name, "1.3.6.1.4.1.55555.1.")
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	v3 := func(more map[string]any) map[string]any {
		m := map[string]any{"name": "nms", "address": "10.2.0.9:162", "username": "u", "auth_file": "/a", "privacy_file": "/p"}
		for k, v := range more {
			m[k] = v
		}
		return map[string]any{"targets": []any{m}}
	}
	for _, tt := range []struct {
		data map[string]any
		path string
	}{
		{v3(map[string]any{"address": "10.2.0.9"}), "targets[0].address"},
		{v3(map[string]any{"address": "10.2.0.9:snmp"}), "targets[0].address"},
		{v3(map[string]any{"version": "1"}), "targets[0].version"},
		{v3(map[string]any{"version": "2c"}), "targets[0].community_file"},
		{v3(map[string]any{"version": "2c", "community_file": "/c"}), "targets[0].username"},
		{v3(map[string]any{"privacy_file": ""}), "targets[0].privacy_file"},
		{v3(map[string]any{"community_file": "/c"}), "targets[0].community_file"},
		{v3(map[string]any{"auth": "MD5"}), "targets[0].auth"},
		{v3(map[string]any{"privacy": "DES"}), "targets[0].privacy"},
		{v3(map[string]any{"engine_id": "8000"}), "targets[0].engine_id"},
	} {
		var c Config
		list := schema.Errors(schema.Decode(tt.data, &c))
		require.NotEmpty(t, list, tt.path)
		assert.Equal(t, tt.path, list[0].Path)
	}
	c := configured(t, "10.2.0.9:162", func(c *Target) { c.AuthFile = file(t, "short") })
	_, err := New(Config{[]Target{c}})
	var e *schema.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "targets[0].auth_file", e.Path)
}
