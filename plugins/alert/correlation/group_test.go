package main

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	document "github.com/logcenter/logcenter/sdk/rule"
)

// TestGroupsLikeAMap does the same at random to groups and to Go's own maps and slices.
func TestGroupsLikeAMap(t *testing.T) {
	type twin struct {
		id     uint32
		rule   *rule
		events []entry
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		rules := []*rule{{}, {Rule: document.Rule{Field: "network.bytes"}, aggregate: sum}, {kind: absence}}
		g := newGroups(rules, 1<<40, 1<<40)
		twins := map[string]*twin{}
		for range 2000 {
			r := rules[rnd.IntN(len(rules))]
			key := strconv.Itoa(rnd.IntN(400))
			if rnd.IntN(4) == 0 {
				key = strings.Repeat(key, 1+rnd.IntN(40))
			}
			name := strconv.Itoa(int(r.held.number)) + " " + key
			id, hash := g.find(r, []byte(key))
			w := twins[name]
			if w == nil {
				require.Zero(t, id, "%q was never added", name)
				w = &twin{id: g.add(r, []byte(key), hash), rule: r}
				twins[name] = w
			} else {
				require.Equal(t, w.id, id, name)
			}
			g.touch(w.id)
			e := g.at(w.id)
			switch rnd.IntN(8) {
			case 0:
				g.drop(w.id)
				delete(twins, name)
				continue
			case 1:
				n := rnd.IntN(len(w.events) + 1)
				g.cut(e, n)
				w.events = w.events[n:]
			case 2:
				g.setExtra(e, extra{fields: make([]string, rnd.IntN(3))})
			default:
				for range 1 + rnd.IntN(1+rnd.IntN(1<<rnd.IntN(13))) {
					en := entry{mark{rnd.Int64N(1000), rnd.Int64()}, tag{uint16(rnd.Int()), 1}, rnd.Uint64()}
					i := g.place(e, en)
					if i < len(w.events) {
						require.Greater(t, w.events[i].at, en.at)
					}
					if w.events = slices.Insert(w.events, i, en); r.Field == "" {
						w.events[i].value = 0
					}
				}
			}
			b := g.block(e)
			var have []entry
			for i := range b.marks {
				have = append(have, entry{mark: b.marks[i], tag: b.tags[i]})
				if b.values != nil {
					have[i].value = b.values[i]
				}
			}
			require.True(t, slices.Equal(w.events, have), "%s: %v, not %v", name, have, w.events)
			require.Equal(t, key, string(g.key(e)))
		}
		require.Len(t, twins, g.n)
		bytes := int64(0)
		for _, r := range rules {
			n := 0
			for id := r.held.newest; id != 0; id = g.at(id).older {
				n++
			}
			require.Equal(t, r.held.groups, n)
			bytes += r.held.bytes
		}
		require.Equal(t, g.bytes, bytes)
		for _, w := range twins {
			g.drop(w.id)
		}
		require.Zero(t, g.bytes)
		require.Zero(t, g.n)
		for _, s := range []*blocks{&g.plain.blocks, &g.valued.blocks, &g.texts.blocks} {
			for _, p := range s.pages {
				require.Zero(t, p.used, "runs that were not given back")
			}
		}
	}
}

// TestTheRuleThatHasMostIsTrimmed: one rule that floods does not cost others their groups.
func TestTheRuleThatHasMostIsTrimmed(t *testing.T) {
	rules := []*rule{{}, {}, {}}
	g := newGroups(rules, 100*groupBytes, 80*groupBytes)
	add := func(r *rule, n int) {
		for i := range n {
			key := []byte(strconv.Itoa(i))
			id, hash := g.find(r, key)
			if id == 0 {
				id = g.add(r, key, hash)
			}
			g.touch(id)
			g.trim(r)
		}
	}
	add(rules[0], 10)
	add(rules[1], 30)
	add(rules[2], 5000)
	require.Equal(t, []int{10, 30, 60}, []int{rules[0].held.groups, rules[1].held.groups, rules[2].held.groups})
	require.EqualValues(t, 4940, rules[2].held.evicted)
	id, _ := g.find(rules[2], []byte("4999"))
	require.NotZero(t, id, "the newest stays")
	id, _ = g.find(rules[2], []byte("4939"))
	require.Zero(t, id, "the oldest went")

	g = newGroups(rules, 100*groupBytes, 80*groupBytes)
	add(rules[0], 5000)
	require.Equal(t, 80, rules[0].held.groups, "the bound of one rule")
}
