package store

import (
	"fmt"
	"math"
	"strconv"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Limits and defaults of [GeoTile].
const (
	MaxZoom      = 29   // tiles of 7.5 cm at the equator
	DefaultTiles = 1000 // buckets if Size is 0
)

// Places are counted as kept in 32 bits a coordinate: to the next 4.2e-8 degrees south and 8.4e-8 west, a centimetre.
// Elasticsearch keeps no more of them.
const (
	LatStep = 180.0 / (1 << 32) // degrees
	LonStep = 360.0 / (1 << 32)
)

// MaxLatitude is where the square map of the world ends; what lies beyond is in its outermost tiles.
const MaxLatitude = 85.0511287798066

// Tile is a square of the Web Mercator map, which at each zoom has twice as many tiles a side as before: X counts from
// the 180th meridian to the east, Y from the north.
type Tile struct{ Zoom, X, Y int }

// TileOf is the tile a place lies in.
func TileOf(p GeoPoint, zoom int) Tile {
	lat, lon := steps(p)
	r := math.Max(-MaxLatitude, math.Min(MaxLatitude, lat*LatStep)) * math.Pi / 180
	side := int(1) << zoom
	y := int(math.Floor((0.5 - math.Log((1+math.Sin(r))/(1-math.Sin(r)))/(4*math.Pi)) * float64(side)))
	return Tile{Zoom: zoom, X: (int(lon) + 1<<31) >> (32 - zoom), Y: max(0, min(side-1, y))}
}

// Rounded is the place as it is counted.
func (p GeoPoint) Rounded() GeoPoint {
	lat, lon := steps(p)
	return GeoPoint{lat * LatStep, lon * LonStep}
}

func steps(p GeoPoint) (lat, lon float64) {
	bounded := func(f float64) float64 { return math.Max(-1<<31, math.Min(1<<31-1, math.Floor(f))) }
	return bounded(p.Lat / LatStep), bounded(p.Lon / LonStep)
}

// Number is the tile's place among those of its zoom: by X, then by Y.
func (t Tile) Number() int64 { return int64(t.X)<<MaxZoom | int64(t.Y) }

// TileNumber is the reverse of [Tile.Number].
func TileNumber(zoom int, n int64) Tile {
	return Tile{Zoom: zoom, X: int(n >> MaxZoom), Y: int(n & (1<<MaxZoom - 1))}
}

// String is zoom/x/y, as in the addresses of map tiles.
func (t Tile) String() string {
	return strconv.Itoa(t.Zoom) + "/" + strconv.Itoa(t.X) + "/" + strconv.Itoa(t.Y)
}

// ParseTile is the reverse of [Tile.String].
func ParseTile(s string) (t Tile, err error) {
	if _, err = fmt.Sscanf(s, "%d/%d/%d", &t.Zoom, &t.X, &t.Y); err != nil || t.String() != s {
		return Tile{}, fmt.Errorf("%.40q is no tile: want zoom/x/y", s)
	}
	return t, nil
}

// checkTiles refuses what is no map.
func checkTiles(a *Agg, i ecs.Info) error {
	switch {
	case i.Type != ecs.GeoPoint:
		return fmt.Errorf("%w: geotile of %s: it is of type %s, want a geo_point such as %s", ErrRequest, i.Name, i.Type, ecs.SourceGeoLocation.Name())
	case i.List:
		return fmt.Errorf("%w: geotile of %s: it is a list of places; only fields with one place an event are put on a map", ErrRequest, i.Name)
	case a.Zoom < 0 || a.Zoom > MaxZoom:
		return fmt.Errorf("%w: geotile of %s: zoom is %d, want 0 (one tile, the whole world) to %d", ErrRequest, i.Name, a.Zoom, MaxZoom)
	}
	return nil
}
