package elastic

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// The terms with the most events are found over shards that each answer only their own most frequent ones. Every
// answer says how far its counts may be too low, so mostly one can tell from the first which terms can be among those
// that are wanted; a second search then counts just these, on every shard. Where one cannot tell, the shards are asked
// for as many terms as there may be.

// shardTerms is how many terms each shard answers at least, where the cluster has the memory for what is in them.
const shardTerms = 1000

// effort is how hard one search of an aggregation tries to count terms and tiles exactly over several shards.
type effort struct {
	spare int                 // by which factor more terms are answered than are wanted; what follows them shows what may be missing
	shard int                 // how many terms each shard answers at least
	deep  bool                // shards answer as many terms as they may
	only  map[*level][]string // count these terms alone, which every shard then does; nil means all
	tiles int                 // by which factor shards look at more tiles
	finer ranks
}

// firstEffort is what is tried first.
func firstEffort(p product, levels []*level) *effort {
	e := &effort{spare: 1, shard: shardTerms, tiles: 1}
	for p == elasticsearchProduct && e.spare < shardTerms && bucketsOf(levels, 2*e.spare) <= store.MaxBuckets*3/4 {
		e.spare *= 2
	}
	return e
}

// usualHistogram is how many buckets a histogram is taken to have, which only its answer tells. Of one that has more the
// cluster may refuse spare terms, and is asked again without.
const usualHistogram = 1000

// bucketsOf is how many buckets levels may have where so many times more terms are answered than wanted.
func bucketsOf(levels []*level, spare int) (n int) {
	for _, l := range levels {
		var own int
		switch {
		case !l.Kind.Buckets():
			continue
		case l.Kind == store.Terms:
			own = l.answered(spare)
		case l.Kind == store.GeoTile:
			own = tilesFor(l.Size)
		case l.Kind == store.Ranges:
			own = len(l.Ranges)
		default:
			own = usualHistogram
		}
		if n += own * (1 + bucketsOf(l.below, spare)); n >= store.MaxBuckets {
			return store.MaxBuckets
		}
	}
	return n
}

// answered is how many terms are asked for.
func (l *level) answered(spare int) int { return max(l.Size, min(l.Size*spare, shardTerms)) }

// next tries harder after an answer that is not exact. It is false where nothing is left to try.
func (e *effort) next(r *reader, b *builder) bool {
	again := false
	if r.unproven && !e.deep {
		e.deep, e.only, again = true, nil, true
	}
	if r.tilesCut && b.tilesLargest < store.MaxBuckets { // other tiles may come, with other terms in them
		e.tiles *= 16
		e.only, again = nil, true
	}
	if r.uncertain && !r.unproven && !r.tilesCut {
		// Each time the terms of further levels can be told, as those above them are exact.
		if only := r.candidates(); len(only) > len(e.only) {
			e.only, again = only, true
		}
	}
	if !again && e.finer == nil && r.finer.few(r.buckets) {
		e.finer, again = r.finer, true
	}
	return again
}

func (b *builder) terms(l *level, field string) clause {
	t := clause{
		"field": field, "size": l.answered(b.spare), "shard_size": max(l.Size+l.Size/2+10, b.shard),
		"order": []clause{{"_count": "desc"}, {"_key": "asc"}},
	}
	if b.sel.product == elasticsearchProduct {
		t["show_term_doc_count_error"] = true
	}
	if only := b.only[l]; len(only) > 0 { // a shard that answers fewer than it may has left out none
		t["include"], t["size"], t["shard_size"] = only, l.Size, max(len(only)+1, b.shard)
	} else if b.deep {
		t["shard_size"] = store.MaxBuckets
	}
	if l.Missing != "" && l.field.typ == ecs.Keyword {
		t["missing"] = l.Missing
	}
	if len(l.below) > 0 { // what stands in terms is computed for those that are left, not for all
		t["collect_mode"] = "breadth_first"
	}
	return clause{"terms": t}
}

// allTerms counts the values of events, as those of terms that are not asked for are not in the answer.
func (b *builder) allTerms(l *level, field string) clause {
	c := clause{"field": field}
	if l.Missing != "" && l.field.typ == ecs.Keyword {
		c["missing"] = l.Missing
	}
	return clause{"value_count": c}
}

// includable says that the cluster can count given terms alone. Of other types a term's text is not what it is asked by.
func (l *level) includable() bool { return l.field.typ == ecs.Keyword || l.field.typ == ecs.IP }

// termCount is what a shard's answer adds up to for one term.
type termCount struct {
	count int64 // at least
	// short is by how much count may be too low: the shards that did not answer the term have no more. Elasticsearch
	// takes an error of -1 for an unknown one where it adds them up, so that short is larger than it must be where a
	// shard's last term has one event; never smaller.
	short int64
}

func (t termCount) most() int64 { return t.count + t.short }

func newTermCount(raw map[string]json.RawMessage) (t termCount, err error) {
	if err = json.Unmarshal(raw["doc_count"], &t.count); err == nil && raw["doc_count_error_upper_bound"] != nil {
		err = json.Unmarshal(raw["doc_count_error_upper_bound"], &t.short)
	}
	return t, err
}

// terms reads buckets of terms, and tells whether they are those with the most events.
func (r *reader) terms(out *store.AggResult, l *level, a *bucketsAnswer, all json.RawMessage) ([]numbered, error) {
	counts := make([]termCount, len(a.Buckets))
	for i, raw := range a.Buckets {
		var err error
		if counts[i], err = newTermCount(raw); err != nil {
			return nil, err
		}
		counts[i].short += r.unseen
	}
	n := r.prove(l, a, counts)
	list := make([]numbered, 0, min(n, l.Size))
	for i := range n {
		if err := r.candidate(l, a.Buckets[i]["key"]); err != nil {
			return nil, err
		}
		before := *r
		r.unseen = counts[i].short
		b, err := r.bucket(l, a.Buckets[i])
		if r.unseen = before.unseen; err != nil {
			return nil, err
		}
		if i < l.Size {
			list = append(list, b)
		} else { // read for what must be asked of it, and no part of the result
			r.buckets, r.manyValues = before.buckets, before.manyValues
		}
	}
	out.Other = a.Other
	for _, c := range counts[len(list):] {
		out.Other += c.count
	}
	return list, r.otherOfAll(out, list, all)
}

// otherOfAll counts the values that are not in list where only some terms were asked for.
func (r *reader) otherOfAll(out *store.AggResult, list []numbered, all json.RawMessage) error {
	if all == nil {
		return nil
	}
	var values valueAnswer
	if err := json.Unmarshal(all, &values); err != nil {
		return err
	}
	if values.Value == nil {
		return fmt.Errorf("there is no number of values in %s", all)
	}
	out.Other = int64(*values.Value)
	for _, b := range list {
		out.Other -= b.Count
	}
	return nil
}

// prove says how many of the terms, the first ones, may be among the l.Size with the most events, and notes where
// others may be, or where their counts are not exact.
func (r *reader) prove(l *level, a *bucketsAnswer, counts []termCount) int {
	wanted := min(l.Size, len(counts))
	if a.Error == 0 && r.unseen == 0 {
		return wanted // every count is exact
	}
	// OpenSearch cuts what each thread of a shard has counted and adds that to no error, so all it can be believed is
	// that there is none.
	if r.sel.product != elasticsearchProduct {
		r.fail(l)
		return wanted
	}
	least := int64(0) // that the last wanted term has
	if len(counts) >= l.Size {
		least = counts[l.Size-1].count
	}
	if most := r.mostOfOthers(a, counts); most > 0 && most >= least { // of equal counts the order of terms decides
		r.fail(l)
	}
	n, exact := wanted, true
	for i, c := range counts {
		if c.most() >= least {
			exact = exact && c.short == 0
			n = max(n, i+1)
		}
	}
	switch {
	case exact:
		return wanted
	case l.includable():
		r.uncertain = true
	default:
		r.fail(l)
	}
	return n
}

// fail notes that others than the terms in the answer may be wanted. In a bucket that lacks events it is too early to
// say: when its own term is counted exactly, these are looked at again.
func (r *reader) fail(l *level) {
	if r.unseen > 0 {
		r.hide(l)
	} else {
		r.unproven = true
	}
}

// hide notes that the terms in the answer are not all that may be wanted, nor those in their buckets.
func (r *reader) hide(levels ...*level) {
	for _, l := range levels {
		r.hidden[l] = true
		r.hide(l.below...)
	}
}

// mostOfOthers is how many events a term can have at most that is not in an answer. Where shards answered it, it has no
// more than the last one that is; on the others, no more than the error says.
func (r *reader) mostOfOthers(a *bucketsAnswer, counts []termCount) int64 {
	most := a.Error
	if len(counts) > 0 {
		most += counts[len(counts)-1].count
	}
	return min(most, a.Other) + r.unseen
}

// candidate notes a term that may be wanted.
func (r *reader) candidate(l *level, key json.RawMessage) error {
	if !l.includable() {
		return nil
	}
	var term string
	if err := json.Unmarshal(key, &term); err != nil {
		return err
	}
	if r.wanted[l] == nil {
		r.wanted[l] = map[string]bool{}
	}
	r.wanted[l][term] = true
	return nil
}

// candidates are the terms that may be wanted in any bucket of a level, for every level where they can be told.
func (r *reader) candidates() map[*level][]string {
	out := make(map[*level][]string, len(r.wanted))
	for l, terms := range r.wanted {
		if r.hidden[l] {
			continue
		}
		for t := range terms {
			out[l] = append(out[l], t)
		}
		slices.Sort(out[l])
	}
	return out
}
