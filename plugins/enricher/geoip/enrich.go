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
	zones  []uint32       // the place of each zone, from 1 on; 0 is none
	places []*table.Table // those of zones, then cities, then countries
	nets   []*table.Table // of autonomous systems
	// Records, countries, texts and systems are numbered one table behind the other.
	records, countries, texts, systems starts
}

// starts are the numbers of the first things of several tables, and behind them how many there are in all.
type starts []uint32

func (s *starts) add(n int) {
	if *s == nil {
		*s = starts{0}
	}
	*s = append(*s, (*s)[len(*s)-1]+uint32(n))
}

func (s starts) all() int { return int(s[len(s)-1]) }

// table says which table has a number.
func (s starts) table(number uint32) (i int) {
	for s[i+1] <= number {
		i++
	}
	return i
}

func newAtlas(zones []Zone, tables []*table.Table) (*atlas, error) {
	a := &atlas{}
	own, numbers := placesOf(zones)
	a.zones, a.places = numbers, []*table.Table{own}
	var countries []*table.Table
	for _, t := range tables {
		switch {
		case t == nil: // it is not read yet
		case t.Systems != nil:
			a.nets = append(a.nets, t)
			a.systems.add(len(t.Systems))
		case t.Cities():
			a.places = append(a.places, t)
		default:
			countries = append(countries, t)
		}
	}
	a.places = append(a.places, countries...)
	if len(a.places) == 1 {
		t, err := table.ReadCompact(bundled)
		if err != nil {
			return nil, err
		}
		a.places = append(a.places, t)
	}
	for _, t := range a.places {
		a.records.add(len(t.Records))
		a.countries.add(len(t.Countries))
		a.texts.add(len(t.Texts))
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

	numbers sdk.Numbers // of places, or of systems
	codes   []int32     // by row: such a number
	// of what places have in common, by the place's number
	country, region, city sharing
	points                bool // some place has one
	texts                 []string
	common                []int32 // of one column, by row: the number of a text
}

// sharing are numbers of things that places have in common.
type sharing struct {
	numbers sdk.Numbers
	of      []int32 // by the place's number
}

func (s *sharing) reset(most int) {
	s.numbers.Reset(most)
	s.of = s.of[:0]
}

func (s *sharing) add(value uint32) { s.of = append(s.of, s.numbers.Of(value)) }

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
		w.step4(t, w.systems, a.systems[i])
	}
	w.left, w.asked = w.left[:0], w.asked[:0]
	for i, addr := range w.addrs {
		if !special4(addr) && w.places[w.rows[i]] == unknown {
			w.left, w.asked = append(w.left, w.rows[i]), append(w.asked, addr)
		}
	}
	for i, t := range a.places[1:] {
		w.step4(t, w.places, a.records[i+1])
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
	if w.zones[row] = zone; a.zones[zone] != 0 {
		w.places[row] = a.zones[zone]
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
			w.systems[row] = a.systems[i] + n
		}
	}
	for i, t := range a.places[1:] {
		if w.places[row] != unknown {
			return
		}
		if n := t.Find(addr); n != 0 {
			w.places[row] = a.records[i+1] + n
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
	if !w.number(w.places, a.records.all()) {
		return
	}
	w.gather(a)
	country := func(number uint32) *table.Country {
		i := a.countries.table(number)
		return &a.places[i].Countries[number-a.countries[i]]
	}
	text := func(number uint32) string {
		i := a.texts.table(number)
		return a.places[i].Texts[number-a.texts[i]]
	}
	w.share(&w.country)
	w.set(rows, f.code, &w.country, func(number uint32) string { return country(number).Code })
	w.set(rows, f.country, &w.country, func(number uint32) string { return country(number).Name })
	for row, code := range w.common { // there are few continents
		if code >= 0 {
			w.common[row] = int32(country(w.country.numbers.Values[code]).Continent)
		}
	}
	rows.SetStrings(f.continent, w.common, table.Continents)
	w.share(&w.region)
	w.set(rows, f.region, &w.region, text)
	w.share(&w.city)
	w.set(rows, f.city, &w.city, text)
	if !w.points {
		return
	}
	for row, number := range w.places {
		if number == unknown {
			continue
		}
		i := a.records.table(number)
		if r := &a.places[i].Records[number-a.records[i]]; r.HasPoint {
			rows.At(row).SetPoint(f.location, r.Lat, r.Lon)
		}
	}
}

// gather numbers what the places have in common, place by place, as each is somewhere else in memory.
func (w *work) gather(a *atlas) {
	w.country.reset(a.countries.all())
	w.region.reset(a.texts.all())
	w.city.reset(a.texts.all())
	w.points = false
	for _, number := range w.numbers.Values {
		i := a.records.table(number)
		r := &a.places[i].Records[number-a.records[i]]
		w.country.add(a.countries[i] + uint32(r.Country))
		w.region.add(a.texts[i] + r.Region)
		w.city.add(a.texts[i] + r.City)
		w.points = w.points || r.HasPoint
	}
}

// share gives each row the number of what its place has in common with others.
func (w *work) share(s *sharing) {
	w.common = w.common[:0]
	for _, code := range w.codes {
		if code >= 0 {
			code = s.of[code]
		}
		w.common = append(w.common, code)
	}
}

// set sets a field to the texts of what was shared last.
func (w *work) set(rows *sdk.Rows, f ecs.Field, s *sharing, text func(uint32) string) {
	w.texts = w.texts[:0]
	some := false
	for _, number := range s.numbers.Values {
		t := text(number)
		w.texts = append(w.texts, t)
		some = some || t != ""
	}
	if some {
		rows.SetStrings(f, w.common, w.texts)
	}
}

func (w *work) setSystems(a *atlas, f *fields, rows *sdk.Rows) {
	if len(a.nets) == 0 || !w.number(w.systems, a.systems.all()) {
		return
	}
	system := func(number uint32) *table.System {
		i := a.systems.table(number)
		return &a.nets[i].Systems[number-a.systems[i]]
	}
	w.texts = w.texts[:0]
	for _, number := range w.numbers.Values {
		w.texts = append(w.texts, system(number).Organization)
	}
	rows.SetStrings(f.organization, w.codes, w.texts)
	for row, number := range w.systems {
		if number != unknown {
			rows.At(row).SetInt(f.number, int64(system(number).Number))
		}
	}
}
