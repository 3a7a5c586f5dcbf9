package elastic

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/logcenter/logcenter/host/store"
)

// tiles asks for more than are wanted: the cluster neither says how many places are in others, nor orders tiles of
// equal counts as they are wanted.
func (b *builder) tiles(l *level, field string) clause {
	n := min(tilesFor(l.Size)*b.effort.tiles, store.MaxBuckets)
	b.tilesLargest = max(b.tilesLargest, n)
	return clause{"geotile_grid": clause{"field": field, "precision": l.Zoom, "size": n, "shard_size": n}}
}

// tilesFor is how many tiles shards look at first where size are wanted.
func tilesFor(size int) int { return size + size/2 + 10 }

// tile reads what a bucket has as a tile. The center is computed from places as the cluster keeps them, which is as
// they are counted; see [store.LatStep].
func (b *numbered) tile(raw map[string]json.RawMessage) error {
	var text string
	if err := json.Unmarshal(raw["key"], &text); err != nil {
		return err
	}
	t, err := store.ParseTile(text)
	if err != nil {
		return err
	}
	b.place, b.Key, b.Text, b.below = t.Number(), text, text, raw
	var center struct {
		Location *store.GeoPoint `json:"location"`
	}
	if err := json.Unmarshal(raw[centerMark], &center); err != nil || center.Location == nil {
		return fmt.Errorf("tile %s has no center: %s: %w", text, raw[centerMark], err)
	}
	b.Center = center.Location
	return nil
}

// topTiles leaves those that are wanted, in their order, with what is in them: that of others could be more buckets than
// there may be. places is how many there are in all tiles.
func (r *reader) topTiles(out *store.AggResult, l *level, list []numbered, places json.RawMessage) ([]numbered, error) {
	if len(list) == 0 {
		return list, nil
	}
	var all valueAnswer
	if err := json.Unmarshal(places, &all); err != nil {
		return nil, err
	}
	if all.Value == nil {
		return nil, fmt.Errorf("there is no number of places in %s", places)
	}
	slices.SortFunc(list, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.place, b.place))
	})
	rest := int64(*all.Value)
	for _, b := range list {
		rest -= b.Count
	}
	if len(list) > l.Size {
		// Of one shard the cluster leaves out tiles that have no more events than the last one.
		last := list[len(list)-1].Count
		if rest > 0 && (r.shards != 1 || list[l.Size-1].Count == last) {
			r.tilesCut = true
		}
		for _, b := range list[l.Size:] {
			rest += b.Count
		}
		list = list[:l.Size]
	} else if rest > 0 {
		r.tilesCut = true
	}
	out.Other = rest
	for i := range list {
		b := &list[i]
		var err error
		if b.Aggs, err = r.results(l.below, b.below, b.Count); err != nil {
			return nil, err
		}
	}
	return list, nil
}
