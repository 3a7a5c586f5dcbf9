package embedded

import (
	"database/sql/driver"
	"fmt"

	"github.com/logcenter/logcenter/host/store"
)

// tiles makes the key of a map's tile, which is its number; see [store.TileOf].
func (k *aggKey) tiles() error {
	if err := k.agg.CheckTop(k.field.info); err != nil {
		return err
	}
	lat, lon := k.steps()
	side := int64(1) << k.agg.Zoom
	sin := fmt.Sprintf("sin(radians(greatest(%[1]s, least(%[2]s, %[3]s * %[4]s))))",
		quoteFloat(-store.MaxLatitude), quoteFloat(store.MaxLatitude), lat, quoteFloat(store.LatStep))
	y := fmt.Sprintf("greatest(0, least(%[2]d, floor((0.5 - ln((1 + %[1]s) / (1 - %[1]s)) / (4 * pi())) * %[3]d)::BIGINT))", sin, side-1, side)
	x := fmt.Sprintf("((%s + %d) >> %d)", lon, int64(1)<<31, 32-k.agg.Zoom)
	k.expr = fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN (%s << %d) | %s END", quoteName(k.field.name+suffixLat), x, store.MaxZoom, y)
	return nil
}

// steps are the coordinates as they are counted.
func (k *aggKey) steps() (lat, lon string) {
	step := func(suffix string, size float64) string {
		return fmt.Sprintf("greatest(%d, least(%d, floor(%s / %s)))::BIGINT",
			-(int64(1) << 31), int64(1)<<31-1, quoteName(k.field.name+suffix), quoteFloat(size))
	}
	return step(suffixLat, store.LatStep), step(suffixLon, store.LonStep)
}

// center are the means that [centerOf] reads. They are taken of whole numbers, so that the order does not matter.
func (k *aggKey) center() []measure {
	lat, lon := k.steps()
	return []measure{calculated("avg", lat, false), calculated("avg", lon, false)}
}

func centerOf(v []driver.Value) *store.GeoPoint {
	lat, _ := v[0].(float64)
	lon, _ := v[1].(float64)
	return &store.GeoPoint{Lat: lat * store.LatStep, Lon: lon * store.LonStep}
}
