package fault_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/fault"
)

func TestAt(t *testing.T) {
	errA, errB := errors.New("a comma is expected"), errors.New("a number is expected")
	c := fault.Cache{Scanner: "csv", Kinds: []error{nil, errA, errB}}
	require.NoError(t, c.At(0, 7))

	err := c.At(1, 7)
	require.EqualError(t, err, "csv: byte 7: a comma is expected")
	require.ErrorIs(t, err, errA)
	var e *fault.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 7, e.Pos)

	assert.Same(t, err, c.At(1, 7), "made once")
	require.ErrorIs(t, c.At(2, 7), errB)
	require.EqualError(t, c.At(1, 7+256), "csv: byte 263: a comma is expected") // the slot of byte 7
	require.EqualError(t, c.At(1, 7), "csv: byte 7: a comma is expected")

	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = c.At(2, 40) }))
}

func TestConcurrently(t *testing.T) {
	errA := errors.New("a")
	c := fault.Cache{Scanner: "x", Kinds: []error{nil, errA}}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for pos := range 2000 {
				var e *fault.Error
				if err := c.At(1, pos*g); !errors.As(err, &e) || e.Pos != pos*g {
					t.Errorf("at %d: %v", pos*g, err)
				}
			}
		})
	}
	wg.Wait()
}
