package plugin_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/host/plugin/trial"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestMain(m *testing.M) {
	for variable, host := range hosts {
		if dir := os.Getenv(variable); dir != "" {
			host(dir)
		}
	}
	code := m.Run()
	trial.Clean()
	os.Exit(code)
}

func batch(lines ...string) *wire.Batch {
	c := &wire.Column{Field: uint32(ecs.Message), Type: wire.Type_STRING, Count: uint32(len(lines)), Separator: 1, Values: make([]byte, 4)}
	for _, l := range lines {
		c.Data = append(append(c.Data, l...), '\n')
		n := len(c.Data)
		c.Values = append(c.Values, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return &wire.Batch{Seq: 5, Rows: uint32(len(lines)), Columns: []*wire.Column{c}}
}

// told is what a plugin answered: a text per row, "action port" with what else was said, or "poison".
func told(b *wire.Batch, a *plugin.Answer) []string {
	var out []string
	for _, p := range a.Parts {
		if p.Reply == nil {
			out = append(out, "poison")
			continue
		}
		message := b.Slice(p.From, p.To).Columns[0]
		rows := make([]string, p.To-p.From)
		for _, c := range p.Reply.Columns {
			c.Each(len(rows), func(row, k int) {
				v := ""
				if c.Type == wire.Type_INT64 {
					v = fmt.Sprint(c.Int(k))
				} else {
					v = string(c.Text(k, row, message))
				}
				rows[row] = strings.TrimSpace(rows[row] + " " + v)
			})
		}
		for _, e := range p.Reply.Errors {
			rows[e.Row] = strings.TrimSpace(rows[e.Row] + " !" + e.Code)
		}
		for row := range rows {
			if d := p.Reply.Drop; len(d) > 0 && d[row>>3]>>(row&7)&1 != 0 {
				rows[row] = "dropped"
			}
		}
		out = append(out, rows...)
	}
	return out
}

func ask(t *testing.T, p *plugin.Plugin, lines ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	b := batch(lines...)
	a, err := p.Process(ctx, b)
	require.NoError(t, err)
	defer a.Release()
	at := 0
	for _, part := range a.Parts {
		require.Equal(t, at, part.From)
		at = part.To
	}
	require.Equal(t, len(lines), at, "parts cover all rows")
	return told(b, a)
}

var transports = map[string]string{"socket": "trusted: false", "shared memory": "trusted: true"}

func TestBothTransportsGiveTheSame(t *testing.T) {
	big := "big port=9 " + strings.Repeat("x", 9<<20) // more than a slot of shared memory holds
	for name, trusted := range transports {
		t.Run(name, func(t *testing.T) {
			_, p := trial.Start(t, plugin.Options{}, "good", "parser", trusted)
			assert.Equal(t, []string{"deny 22", "登录", "x !bad_value", "", "!panic"}, ask(t, p, "deny port=22 z", "登录 ok", "x port=y", "", "PANIC port=1"))
			assert.Equal(t, []string{"a", "big 9"}, ask(t, p, "a", big))
			var wg sync.WaitGroup
			for i := range 12 { // more at once than there are slots
				wg.Go(func() {
					for range 5 {
						assert.Equal(t, []string{fmt.Sprintf("w%d %d", i, i)}, ask(t, p, fmt.Sprintf("w%d port=%d", i, i)))
					}
				})
			}
			wg.Wait()
			assert.EqualValues(t, 62, p.Calls.Load())
			assert.EqualValues(t, 67, p.Rows.Load())
			assert.EqualValues(t, 1, p.BadValues.Load())
			assert.Zero(t, p.Restarts.Load(), "a panic costs a row, not the process")
		})
	}
}

func TestPoisonIsFound(t *testing.T) {
	for name, trusted := range transports {
		t.Run(name, func(t *testing.T) {
			_, p := trial.Start(t, plugin.Options{}, "good", "parser", trusted)
			lines := make([]string, 40)
			want := make([]string, len(lines))
			for i := range lines {
				lines[i] = fmt.Sprintf("n%d port=%d", i, i)
				want[i] = fmt.Sprintf("n%d %d", i, i)
			}
			lines[0], want[0] = "KILL", "poison"
			lines[23], want[23] = "x KILL", "poison"
			assert.Equal(t, want, ask(t, p, lines...))
			assert.EqualValues(t, 2, p.Poisoned.Load())
			assert.Positive(t, p.Restarts.Load())
			assert.Equal(t, []string{"a"}, ask(t, p, "a"), "it goes on")
		})
	}
}

func TestHangsAreEnded(t *testing.T) {
	_, p := trial.Start(t, plugin.Options{CallDeadline: 300 * time.Millisecond}, "good", "parser", "trusted: true")
	b := batch("a port=1", "HANG", "c")
	a, err := p.Process(t.Context(), b)
	require.NoError(t, err)
	defer a.Release()
	assert.Equal(t, []string{"a 1", "poison", "c"}, told(b, a))
	for _, part := range a.Parts {
		if part.Reply == nil {
			assert.ErrorContains(t, part.Err, "no answer within 300ms")
		}
	}
}

func TestTooMuchPoisonQuarantines(t *testing.T) {
	r, p := trial.Start(t, plugin.Options{}, "good", "parser")
	lines := make([]string, 8)
	for i := range lines {
		lines[i] = "KILL"
	}
	b := batch(lines...)
	if a, err := p.Process(t.Context(), b); err == nil {
		a.Release()
	}
	state(t, p, plugin.Quarantined)
	_, reason := p.State()
	assert.Contains(t, reason, "8 events of one batch killed it")
	_, err := p.Process(t.Context(), batch("a"))
	require.ErrorIs(t, err, plugin.ErrUnavailable)
	// The supervisor was about to start it again when it was quarantined; it must stay so.
	assert.Never(t, func() bool { s, _ := p.State(); return s != plugin.Quarantined }, 300*time.Millisecond, 10*time.Millisecond)
	assert.Zero(t, p.PID())
	require.NoError(t, r.Enable(t.Context(), "good"))
	assert.Equal(t, []string{"a"}, ask(t, p, "a"), "an admin puts it back")
}

func state(t *testing.T, p *plugin.Plugin, want plugin.State) {
	t.Helper()
	require.Eventually(t, func() bool { s, _ := p.State(); return s == want }, time.Minute, 5*time.Millisecond, "want %s", want)
}

func TestKilledFromOutside(t *testing.T) {
	for name, trusted := range transports {
		t.Run(name, func(t *testing.T) {
			_, p := trial.Start(t, plugin.Options{}, "good", "parser", trusted)
			done := make(chan struct{})
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-done:
							return
						default:
						}
						assert.Equal(t, []string{fmt.Sprintf("w%d %d", i, n)}, ask(t, p, fmt.Sprintf("w%d port=%d", i, n)))
					}
				})
			}
			for kills := range 6 {
				require.Eventually(t, func() bool { return p.Restarts.Load() == int64(kills) && p.PID() != 0 }, time.Minute, time.Millisecond)
				calls := p.Calls.Load()
				require.Eventually(t, func() bool { return p.Calls.Load() > calls+20 }, time.Minute, time.Millisecond)
				require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL))
			}
			require.Eventually(t, func() bool { return p.Restarts.Load() == 6 }, time.Minute, time.Millisecond)
			close(done)
			wg.Wait()
			assert.Zero(t, p.Poisoned.Load())
		})
	}
}

// As many calls at once as on the largest machines: none of them waits for another one's to end.
func TestManyCallsAtOnce(t *testing.T) {
	_, p := trial.Start(t, plugin.Options{}, "good", "parser")
	done := make(chan []string, 70)
	var wg sync.WaitGroup
	for range 70 {
		wg.Go(func() { done <- ask(t, p, "TOGETHER port=1") })
	}
	deadline := time.After(20 * time.Second)
	for n := range 70 {
		select {
		case said := <-done:
			assert.Equal(t, []string{"TOGETHER 1"}, said)
		case <-deadline:
			t.Fatalf("%d of 70 calls have ended", n)
		}
	}
	assert.Zero(t, p.Restarts.Load())
}

// A caller that gives up must not spoil the process for others.
func TestGivingUp(t *testing.T) {
	_, p := trial.Start(t, plugin.Options{CallDeadline: 2 * time.Second}, "good", "parser", "trusted: true")
	for range 6 { // more than there are slots
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		a, err := p.Process(ctx, batch("a"))
		if err != nil { // else the plugin was quicker
			require.ErrorIs(t, err, context.DeadlineExceeded)
		} else {
			a.Release()
		}
		cancel()
		assert.Equal(t, []string{"b 2"}, ask(t, p, "b port=2"))
	}
	assert.Zero(t, p.Restarts.Load())
}

func TestNonsense(t *testing.T) {
	for lie, want := range map[string]string{
		"spans": "leaves its line", "seq": "answer 6 to batch 5", "rows": "answer for 2 rows, asked for 1", "error": "I do not feel like it",
	} {
		t.Run(lie, func(t *testing.T) {
			dir := t.TempDir()
			trial.Folder(t, dir, "liar", trial.Manifest("liar", "parser"), lie)
			r, err := trial.Open(t, dir, plugin.Options{})
			require.NoError(t, err)
			require.NoError(t, r.Start(t.Context()))
			p, err := r.Get("liar")
			require.NoError(t, err)
			b := batch("a")
			a, err := p.Process(t.Context(), b)
			require.NoError(t, err)
			defer a.Release()
			require.Len(t, a.Parts, 1)
			assert.Nil(t, a.Parts[0].Reply)
			assert.ErrorContains(t, a.Parts[0].Err, want)
			assert.Positive(t, p.Failures.Load())
		})
	}
}

func TestWhatTheManifestDoesNotGrant(t *testing.T) {
	dir := t.TempDir()
	trial.Folder(t, dir, "liar", trial.Manifest("liar", "parser"), "undeclared")
	trial.Folder(t, dir, "dropper", trial.Manifest("dropper", "parser"), "drop")
	trial.Folder(t, dir, "may", trial.Manifest("may", "parser", "permissions: {drop: true}"), "drop")
	r, err := trial.Open(t, dir, plugin.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context()))
	get := func(id string) *plugin.Plugin {
		p, err := r.Get(id)
		require.NoError(t, err)
		return p
	}
	assert.Equal(t, []string{"", ""}, ask(t, get("liar"), "a", "b"))
	assert.EqualValues(t, 2*4+1, get("liar").Undeclared.Load(), "every value is counted")
	assert.Equal(t, []string{"", ""}, ask(t, get("dropper"), "a", "b"))
	assert.Equal(t, []string{"dropped", ""}, ask(t, get("may"), "a", "b"))
	counted := func(id string) [2]int64 { return [2]int64{get(id).Dropped.Load(), get(id).DropsRefused.Load()} }
	assert.Equal(t, [2]int64{0, 1}, counted("dropper"))
	assert.Equal(t, [2]int64{1, 0}, counted("may"))
}

func TestWhatAPluginSaysIsMended(t *testing.T) {
	_, p := trial.Start(t, plugin.Options{}, "good", "parser")
	t.Setenv("LOGCENTER_TEST_SECRET", "hush")
	a, err := p.Process(t.Context(), batch("BADTEXT", "ENV"))
	require.NoError(t, err)
	defer a.Release()
	said := a.Parts[0].Reply.Errors
	require.Len(t, said, 2)
	assert.True(t, utf8.ValidString(said[0].Message))
	assert.Contains(t, said[0].Message, " 长长")
	assert.LessOrEqual(t, len(said[0].Message), 520)
	assert.NotContains(t, said[1].Message, "HOME=")
	assert.NotContains(t, said[1].Message, "hush")
	assert.Contains(t, said[1].Message, "TZ=UTC")
}

func TestPluginIsSentNoMoreThanItWants(t *testing.T) {
	for _, socket := range []bool{false, true} {
		for narrow, want := range map[bool]string{false: "user of login", true: "user of"} {
			o := plugin.Options{Socket: socket, Plugins: map[string]plugin.Settings{"names": {Config: map[string]any{"narrow": narrow}}}}
			_, p := trial.Start(t, o, "names", "enricher", "trusted: true")
			b := batch("login")
			b.Columns = append(b.Columns, &wire.Column{
				Field: uint32(ecs.EventAction), Type: wire.Type_STRING, Encoding: wire.Encoding_SPAN, Width: 4, Count: 1, Values: []byte{0, 0, 5, 0},
			})
			a, err := p.Process(t.Context(), b)
			require.NoError(t, err)
			assert.Equal(t, []string{want}, told(b, a), "narrow %v, socket %v", narrow, socket)
			a.Release()
		}
	}
}
