package query

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/ecs"
)

func TestPatternsAreSharedAndNotKept(t *testing.T) {
	n, err := Parse(`event.action:/lo+gin-shared/i OR event.action:lo?in-shared*x`)
	require.NoError(t, err)
	m, err := Compile(n, Options{})
	require.NoError(t, err)
	s, err := NewSet(m)
	require.NoError(t, err)
	require.Len(t, m.plan.leaves, 2)
	for i, l := range m.plan.leaves {
		require.NotNil(t, l.pattern)
		assert.Same(t, l.pattern, s.plan.leaves[i].pattern)
	}
	one, err := CompileRegex("lo+gin-shared", ecs.Keyword)
	require.NoError(t, err)
	assert.NotSame(t, m.plan.leaves[0].pattern, one, "in its case")
	runtime.KeepAlive(m)

	kept := func() (n int) {
		patterns.mu.Lock()
		defer patterns.mu.Unlock()
		for of := range patterns.made {
			if len(of.text) > 9 && of.text[:9] == "of-nobody" {
				n++
			}
		}
		return n
	}
	for i := range 100 {
		_, err := CompileRegex(fmt.Sprintf("of-nobody-%d", i), ecs.Keyword)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { runtime.GC(); return kept() == 0 }, 30*time.Second, time.Millisecond, "expressions outlive their queries")
}
