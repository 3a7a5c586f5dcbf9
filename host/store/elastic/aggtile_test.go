package elastic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
)

// TestTilesOfEqualCounts: neighbours are told apart at every zoom.
func TestTilesOfEqualCounts(t *testing.T) {
	var list []numbered
	for _, y := range []int{3, 1, 2, 0} {
		tile := store.Tile{Zoom: store.MaxZoom, X: 1<<store.MaxZoom - 1, Y: y}
		list = append(list, numbered{Bucket: store.Bucket{Key: tile.String(), Count: 1}, place: tile.Number()})
	}
	list, err := (&reader{shards: 1}).topTiles(&store.AggResult{}, &level{Agg: store.Agg{Size: 10}}, list, []byte(`{"value":4}`))
	require.NoError(t, err)
	for y, b := range list {
		require.Equal(t, store.Tile{Zoom: store.MaxZoom, X: 1<<store.MaxZoom - 1, Y: y}.String(), b.Key)
	}
}
