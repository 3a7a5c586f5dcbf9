package pipeline_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/pipeline"
	"github.com/logcenter/logcenter/host/plugin"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/manifest"
	"github.com/logcenter/logcenter/sdk/wire"
)

const maxKeyword = 8 << 10

func TestLongKeywordsAreCut(t *testing.T) {
	exact, over := strings.Repeat("x", maxKeyword), strings.Repeat("y", maxKeyword+1)
	long := strings.Repeat("长", 3000) // 9,000 bytes; 8,192 is inside a character
	lines := []string{"a", long, exact, over, "登录", long}
	t.Run("short spans", func(t *testing.T) { cutAll(t, lines, 3*4+3) })
	t.Run("long spans", func(t *testing.T) { cutAll(t, append(lines, strings.Repeat("z", 100<<10)), 4*4+3) })
}

// cutAll parses lines into values of every encoding; so many are too long.
func cutAll(t *testing.T, lines []string, tooLong int) {
	note, err := ecs.Define(ecs.Info{Name: "acme.note", Type: ecs.Text, Description: "A text of its own."})
	require.NoError(t, err)
	p := stage(t, &plugin.Manifest{
		ID: "p", Accepts: prefix(""), Writes: []ecs.Field{ecs.EventAction, ecs.UserName, ecs.UserDomain, ecs.RelatedUser, note},
		Constants: []manifest.Constant{{Field: ecs.EventDataset, Values: []string{"fixed"}}},
	}, parse(func(line []byte, ev *sdk.Event) error {
		ev.Set(ecs.EventAction, line)                                     // a span
		ev.SetString(ecs.UserName, "copy of "+string(line))               // a copy, or of a dictionary
		ev.SetString(ecs.UserDomain, fmt.Sprint(len(line), string(line))) //
		ev.SetString(note, "text of "+string(line))
		ev.SetString(ecs.RelatedUser, "short")
		ev.SetString(ecs.RelatedUser, string(line)+"!")
		return nil
	}))
	r := processor(pipeline.Plan{Parsers: []pipeline.Stage{p}}, nil)
	all, _ := finish(t, r, records(lines, nil))
	cut := func(s string) string {
		if len(s) <= maxKeyword {
			return s
		}
		return strings.ToValidUTF8(s[:maxKeyword], "")
	}
	require.Len(t, all, len(lines))
	for i, e := range all {
		l := lines[i]
		assert.Equal(t, l, e["message"], "the line stays whole")
		assert.Equal(t, "text of "+l, e["acme.note"], "so do texts")
		assert.Equal(t, cut(l), e["event.action"])
		assert.Equal(t, cut("copy of "+l), e["user.name"])
		assert.Equal(t, cut(fmt.Sprint(len(l), l)), e["user.domain"])
		assert.Equal(t, "short,"+cut(l+"!"), e["related.user"])
		want := ""
		if len(l) > maxKeyword-10 {
			want = "cut"
		}
		assert.Equal(t, want, e["logcenter.flags"], "line %d", i)
		assert.Equal(t, "fixed", e["event.dataset"])
	}
	assert.EqualValues(t, tooLong, r.Cut.Load(), "of the line that just fits, what is longer than it")
}

func TestLongEntriesOfDictionariesAreCut(t *testing.T) {
	var data, offsets []byte
	offsets = binary.LittleEndian.AppendUint32(offsets, 0)
	for _, s := range []string{"short", strings.Repeat("é", maxKeyword), "登录"} {
		data = append(data, s...)
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(data)))
	}
	e := stageFunc{
		&plugin.Manifest{ID: "e", Kind: wire.Kind_ENRICHER, Version: "1", Reads: []ecs.Field{ecs.Message}},
		func(b *wire.Batch) (*wire.Result, error) {
			return &wire.Result{Seq: b.Seq, Rows: b.Rows, Columns: []*wire.Column{{
				Field: uint32(ecs.UserName), Type: wire.Type_STRING, Encoding: wire.Encoding_DICT, Width: 1, Count: 3,
				Present: []byte{0b1011}, Values: []byte{1, 0, 2}, Dict: offsets, Data: data,
			}}}, nil
		},
	}
	r := processor(pipeline.Plan{Enrichers: []pipeline.Stage{e}}, nil)
	all, _ := finish(t, r, records([]string{"a", "b", "c", "d"}, nil))
	assert.Equal(t, strings.Repeat("é", maxKeyword/2), all[0]["user.name"])
	assert.Equal(t, "unparsed,cut", all[0]["logcenter.flags"])
	assert.Equal(t, []string{"short", "", "登录"}, []string{all[1]["user.name"], all[2]["user.name"], all[3]["user.name"]})
	assert.Equal(t, "unparsed", all[3]["logcenter.flags"])
	assert.EqualValues(t, 1, r.Cut.Load())
}
