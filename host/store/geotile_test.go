package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store"
)

func TestTiles(t *testing.T) {
	f := func(lat, lon float64, zoom int, want string) {
		tile := store.TileOf(store.GeoPoint{Lat: lat, Lon: lon}, zoom)
		assert.Equal(t, want, tile.String(), "%v,%v", lat, lon)
		assert.Equal(t, tile, store.TileNumber(zoom, tile.Number()))
		parsed, err := store.ParseTile(want)
		require.NoError(t, err)
		assert.Equal(t, tile, parsed)
	}
	// The world in one, in four, and where the four meet.
	f(52.52, 13.405, 0, "0/0/0")
	f(1, -1, 1, "1/0/0")
	f(1, 1, 1, "1/1/0")
	f(-1, -1, 1, "1/0/1")
	f(0, 0, 1, "1/1/1")
	// The tiles that map servers have of these cities.
	f(52.52, 13.405, 10, "10/550/335")
	f(31.2304, 121.4737, 8, "8/214/104")
	f(-33.8688, 151.2093, 6, "6/58/38")
	// The edges.
	f(90, 180, 3, "3/7/0")
	f(-90, -180, 3, "3/0/7")
	f(85.06, 0, 29, "29/268435456/0")
	f(-85.06, 0, 29, "29/268435456/536870911")
	f(0, 179.99999999, 29, "29/536870911/268435456")

	for _, s := range []string{"", "1/2", "1/2/3/4", "01/2/3", "a/b/c", "1/2/3 "} {
		_, err := store.ParseTile(s)
		require.Error(t, err, s)
	}
	p := store.GeoPoint{Lat: 31.2304, Lon: 121.4737}.Rounded()
	assert.InDelta(t, 31.2304, p.Lat, store.LatStep)
	assert.InDelta(t, 121.4737, p.Lon, store.LonStep)
	assert.Equal(t, p, p.Rounded())
}
