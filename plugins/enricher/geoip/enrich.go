package main

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/logcenter/logcenter/plugins/enricher/geoip/table"
	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/cidr"
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/wire"
)

// atlas is all that is known at one time. It is not changed once made, and safe for concurrent use.
type atlas struct {
	places  layers[table.Place]  // the zones' first
	systems layers[table.System] //
	cities  []*table.Table       // and countries behind them
	nets    []*table.Table       // of autonomous systems
}

// layers are the things that several tables know, numbered one table behind the other.
type layers[T any] struct {
	parts [][]T
	first []uint32 // the number of each part's first thing, and how many there are
}

func (l *layers[T]) add(part []T) {
	if l.first == nil {
		l.first = []uint32{0}
	}
	l.parts, l.first = append(l.parts, part), append(l.first, l.first[len(l.first)-1]+uint32(len(part)))
}

func (l *layers[T]) size() int { return int(l.first[len(l.first)-1]) }

func (l *layers[T]) at(number uint32) *T {
	i := 0
	for l.first[i+1] <= number {
		i++
	}
	return &l.parts[i][number-l.first[i]]
}

func newAtlas(zones []Zone, tables []*table.Table) (*atlas, error) {
	a := &atlas{}
	own := make([]table.Place, len(zones)+1)
	for i := range zones {
		own[i+1] = zones[i].place()
	}
	a.places.add(own)
	a.systems.add(nil)
	var countries []*table.Table
	for _, t := range tables {
		switch {
		case t.Systems != nil:
			a.nets = append(a.nets, t)
			a.systems.add(t.Systems)
		case t.Cities():
			a.cities = append(a.cities, t)
		default:
			countries = append(countries, t)
		}
	}
	a.cities = append(a.cities, countries...)
	if len(a.cities) == 0 {
		t, err := table.ReadCompact(bundled)
		if err != nil {
			return nil, err
		}
		a.cities = []*table.Table{t}
	}
	for _, t := range a.cities {
		a.places.add(t.Places)
	}
	return a, nil
}

// fields are those of one side of a connection.
type fields struct {
	ip, zone, name, continent, code, country, region, city, location, number, organization ecs.Field
}

var sides = [...]fields{
	{
		ecs.SourceIP, ecs.SourceZone, ecs.SourceGeoName, ecs.SourceGeoContinentName, ecs.SourceGeoCountryISOCode, ecs.SourceGeoCountryName,
		ecs.SourceGeoRegionName, ecs.SourceGeoCityName, ecs.SourceGeoLocation, ecs.SourceASNumber, ecs.SourceASOrganizationName,
	},
	{
		ecs.DestinationIP, ecs.DestinationZone, ecs.DestinationGeoName, ecs.DestinationGeoContinentName, ecs.DestinationGeoCountryISOCode,
		ecs.DestinationGeoCountryName, ecs.DestinationGeoRegionName, ecs.DestinationGeoCityName, ecs.DestinationGeoLocation,
		ecs.DestinationASNumber, ecs.DestinationASOrganizationName,
	},
}

// unknown is what is not known of a row.
const unknown = ^uint32(0)

// work is what handling one side of a batch needs.
type work struct {
	places, systems []uint32 // by row: numbers in the atlas, or unknown
	zones           []uint32 // by row: from 1 on, 0 is none
	rows            []int32  // with IPv4 addresses
	addrs           []uint32
	left            []int32 // of rows, those still looked for, with their addresses
	asked           []uint32
	found           []uint32
	codes           []int32
	texts           []string
	numbers         sdk.Numbers
}

var scratch = sync.Pool{New: func() any { return new(work) }}

// EnrichBatch looks up both addresses of all events. Private, reserved and documentation addresses belong nowhere,
// whatever a database says, but to the admin's zones.
func (e *enricher) EnrichBatch(_ context.Context, b *wire.Batch, rows *sdk.Rows) error {
	a := e.atlas.Load()
	w := scratch.Get().(*work)
	defer scratch.Put(w)
	for i := range sides {
		f := &sides[i]
		c := b.Column(uint32(f.ip))
		if c == nil || c.Type != wire.Type_IP || len(c.Lists) > 0 {
			continue
		}
		w.begin(int(b.Rows))
		w.find(e, a, c)
		w.setZones(e.zones, b.Column(uint32(f.zone)), f, rows)
		w.setPlaces(a, f, rows)
		w.setSystems(a, f, rows)
	}
	return nil
}

func (w *work) begin(rows int) {
	w.places = slices.Grow(w.places[:0], rows)[:rows]
	w.systems = slices.Grow(w.systems[:0], rows)[:rows]
	w.zones = slices.Grow(w.zones[:0], rows)[:rows]
	for i := range w.places {
		w.places[i], w.systems[i] = unknown, unknown
	}
	clear(w.zones)
	w.rows, w.addrs = w.rows[:0], w.addrs[:0]
}

// find looks up all addresses of a column.
func (w *work) find(e *enricher, a *atlas, c *wire.Column) {
	c.Each(len(w.places), func(row, k int) {
		if addr, ok := c.IPv4(k); ok {
			w.rows, w.addrs = append(w.rows, int32(row)), append(w.addrs, addr)
			return
		}
		w.find6(e, a, row, c.Addr(k))
	})
	if len(e.zones) > 0 {
		w.find4Zones(e.nets, a)
	}
	w.left, w.asked = w.left[:0], w.asked[:0]
	for i, addr := range w.addrs {
		if !special4(addr) {
			w.left, w.asked = append(w.left, w.rows[i]), append(w.asked, addr)
		}
	}
	for i, t := range a.nets {
		w.step4(t, w.systems, a.systems.first[i+1])
	}
	w.left, w.asked = w.left[:0], w.asked[:0]
	for i, addr := range w.addrs {
		if !special4(addr) && w.places[w.rows[i]] == unknown {
			w.left, w.asked = append(w.left, w.rows[i]), append(w.asked, addr)
		}
	}
	for i, t := range a.cities {
		w.step4(t, w.places, a.places.first[i+1])
	}
}

// find4Zones finds the zones of IPv4 addresses.
func (w *work) find4Zones(nets *cidr.Table, a *atlas) {
	w.found = nets.FindAll4(w.addrs, w.found[:0])
	for i, zone := range w.found {
		w.zoned(int(w.rows[i]), zone, a)
	}
}

// zoned notes the zone of a row, and its place if the zone has one.
func (w *work) zoned(row int, zone uint32, a *atlas) {
	if w.zones[row] = zone; zone != 0 && a.places.parts[0][zone].Code != "" {
		w.places[row] = zone
	}
}

// step4 asks one table for what those before it do not know.
func (w *work) step4(t *table.Table, into []uint32, first uint32) {
	if len(w.asked) == 0 {
		return
	}
	w.found = t.FindAll4(w.asked, w.found[:0])
	n := 0
	for i, number := range w.found {
		if number != 0 {
			into[w.left[i]] = first + number
			continue
		}
		w.left[n], w.asked[n] = w.left[i], w.asked[i]
		n++
	}
	w.left, w.asked = w.left[:n], w.asked[:n]
}

func (w *work) find6(e *enricher, a *atlas, row int, addr netip.Addr) {
	if len(e.zones) > 0 {
		w.zoned(row, e.nets.Find(addr), a)
	}
	if special6(addr) {
		return
	}
	for i, t := range a.nets {
		if n := t.Find(addr); n != 0 && w.systems[row] == unknown {
			w.systems[row] = a.systems.first[i+1] + n
		}
	}
	for i, t := range a.cities {
		if w.places[row] != unknown {
			return
		}
		if n := t.Find(addr); n != 0 {
			w.places[row] = a.places.first[i+1] + n
		}
	}
}

// setZones sets the zones of the rows, but those that the plugin asset has set.
func (w *work) setZones(zones []Zone, have *wire.Column, f *fields, rows *sdk.Rows) {
	if len(zones) == 0 {
		return
	}
	w.codes = w.codes[:0]
	for _, zone := range w.zones {
		w.codes = append(w.codes, int32(zone)-1)
	}
	w.texts = w.texts[:0]
	for i := range zones {
		w.texts = append(w.texts, zones[i].Name)
	}
	rows.SetStrings(f.name, w.codes, w.texts)
	if have != nil {
		have.Each(len(w.codes), func(row, _ int) { w.codes[row] = -1 })
	}
	rows.SetStrings(f.zone, w.codes, w.texts)
}

// number gives the things of the rows numbers of this batch; it says whether there is any.
func (w *work) number(things []uint32, most int) bool {
	w.numbers.Reset(most)
	w.codes = w.codes[:0]
	for _, thing := range things {
		if thing == unknown {
			w.codes = append(w.codes, -1)
		} else {
			w.codes = append(w.codes, w.numbers.Of(thing))
		}
	}
	return len(w.numbers.Values) > 0
}

func (w *work) setPlaces(a *atlas, f *fields, rows *sdk.Rows) {
	if !w.number(w.places, a.places.size()) {
		return
	}
	w.setTexts(a, rows, f.continent, func(p *table.Place) string { return table.Continent(p.Code) })
	w.setTexts(a, rows, f.code, func(p *table.Place) string { return p.Code })
	w.setTexts(a, rows, f.country, func(p *table.Place) string { return p.Country })
	w.setTexts(a, rows, f.region, func(p *table.Place) string { return p.Region })
	w.setTexts(a, rows, f.city, func(p *table.Place) string { return p.City })
	some := false
	for _, thing := range w.numbers.Values {
		some = some || a.places.at(thing).HasPoint
	}
	for row, thing := range w.places {
		if some && thing != unknown {
			if p := a.places.at(thing); p.HasPoint {
				rows.At(row).SetPoint(f.location, p.Lat, p.Lon)
			}
		}
	}
}

// setTexts sets a field to a part of the rows' places.
func (w *work) setTexts(a *atlas, rows *sdk.Rows, f ecs.Field, part func(*table.Place) string) {
	w.texts = w.texts[:0]
	some := false
	for _, thing := range w.numbers.Values {
		text := part(a.places.at(thing))
		w.texts = append(w.texts, text)
		some = some || text != ""
	}
	if some {
		rows.SetStrings(f, w.codes, w.texts)
	}
}

func (w *work) setSystems(a *atlas, f *fields, rows *sdk.Rows) {
	if len(a.nets) == 0 || !w.number(w.systems, a.systems.size()) {
		return
	}
	w.texts = w.texts[:0]
	for _, thing := range w.numbers.Values {
		w.texts = append(w.texts, a.systems.at(thing).Organization)
	}
	rows.SetStrings(f.organization, w.codes, w.texts)
	for row, thing := range w.systems {
		if thing != unknown {
			rows.At(row).SetInt(f.number, int64(a.systems.at(thing).Number))
		}
	}
}
