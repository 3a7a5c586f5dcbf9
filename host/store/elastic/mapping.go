package elastic

import (
	"context"
	"fmt"
	"net/http"

	"github.com/logcenter/logcenter/sdk/ecs"
)

// Fields of documents that are no fields of events. '#' cannot stand in the name of an event's field.
const (
	colSource     = "#source"                // journal and partition, the first part of event.id
	colOffset     = "#offset"                // event journal offset, what a snapshot is cut by
	colRaw        = "#raw"                   // bytes of message
	colNames      = "#names"                 // names of the undeclared fields
	colUndeclared = "#undeclared"            // values of the undeclared fields as name=value
	colTokens     = "message" + suffixTokens // the words of message, separated by spaces

	// suffixNanos is behind the name of a date: the exact instant. Elasticsearch's date has milliseconds, its
	// date_nanos none before 1970.
	suffixNanos = "#nanos"
	// suffixTokens is behind the name of a text: its words.
	suffixTokens = "#tokens"
	// maxUndeclaredUnits is how long name=value may be to be searched, in UTF-16 units: as much as always fits into
	// the 32,766 bytes of a term. Values are kept in any case.
	maxUndeclaredUnits = 10922
)

// Fields that the store itself reads.
var (
	fieldTime     = ecs.Timestamp.Name()
	fieldMessage  = ecs.Message.Name()
	fieldPosition = ecs.LogcenterPosition.Name()
	fieldIngested = ecs.EventIngested.Name()
	fieldObserver = ecs.ObserverType.Name()
	fieldLogType  = ecs.LogcenterLogType.Name()
	fieldID       = ecs.EventID.Name()
)

var mappingTypes = map[ecs.Type]map[string]any{
	ecs.Keyword: {"type": "keyword"}, ecs.Long: {"type": "long"}, ecs.Double: {"type": "double"},
	ecs.Boolean: {"type": "boolean"}, ecs.IP: {"type": "ip"}, ecs.GeoPoint: {"type": "geo_point"},
	ecs.Date: {"type": "date", "format": "strict_date_optional_time"},
}

// properties are the mappings of all fields this process knows, and of what the store adds.
func (p product) properties() map[string]any {
	m := map[string]any{
		colSource: map[string]any{"type": "keyword"}, colNames: map[string]any{"type": "keyword"},
		colOffset: map[string]any{"type": "long"}, colRaw: map[string]any{"type": "long", "index": false},
		colUndeclared:    map[string]any{"type": "keyword", "doc_values": false, "ignore_above": maxUndeclaredUnits},
		colTokens:        map[string]any{"type": "text", "analyzer": "whitespace", "norms": false},
		p.field(fieldID): map[string]any{"type": "keyword", "doc_values": false},
	}
	for _, f := range ecs.All() {
		i := f.Info()
		switch {
		case i.Name == fieldID || i.Name == fieldMessage:
		case i.Type == ecs.Text:
			m[p.tokens(i.Name)] = m[colTokens]
		default:
			m[p.field(i.Name)] = mappingTypes[i.Type]
			if i.Type == ecs.Date {
				m[p.exact(i.Name, i.Type)] = map[string]any{"type": "long"}
			}
		}
	}
	return m
}

// maxMappedFields is Elasticsearch's bound on an index, which is 1,000 without it; sdk/ecs allows 4,096, and a date
// takes two.
const maxMappedFields = 10000

// template is the composable index template of all indices of events.
func (s *Store) template() map[string]any {
	p := s.product()
	mappings := map[string]any{
		"dynamic": false, "properties": p.properties(),
		"_source": map[string]any{"excludes": []string{"*" + suffixNanos, "*" + suffixTokens, colSource, colOffset, colRaw, colNames, p.field(fieldID)}},
	}
	if p == elasticsearchProduct {
		mappings["subobjects"] = false
	}
	return map[string]any{
		"index_patterns": []string{s.opts.Prefix + "-ev-*"},
		"priority":       500,
		"template": map[string]any{
			"aliases": map[string]any{s.alias(): map[string]any{}},
			"settings": map[string]any{"index": map[string]any{
				"number_of_shards": s.opts.Shards, "number_of_replicas": s.opts.Replicas,
				// Queries refresh what they look at; this is for other readers, such as Kibana.
				"refresh_interval": "5s",
				"sort.field":       []string{fieldTime + suffixNanos}, "sort.order": []string{"desc"},
				"mapping.total_fields.limit": maxMappedFields,
				"translog.durability":        "request",
			}},
			"mappings": mappings,
		},
	}
}

func (s *Store) product() product  { return product(s.client.product.Load()) }
func (s *Store) alias() string     { return s.opts.Prefix + "-events" }
func (s *Store) metaIndex() string { return s.opts.Prefix + "-meta" }

// putTemplate makes the template and the mappings of indices there are fit the fields of now. s.prepare is held.
func (s *Store) putTemplate(ctx context.Context) error {
	known := len(ecs.All())
	if s.mapped.Load() == int64(known) {
		return nil
	}
	if err := s.client.do(ctx, http.MethodPut, "/_index_template/"+s.opts.Prefix, s.template(), nil); err != nil {
		return fmt.Errorf("index template %s: %w", s.opts.Prefix, err)
	}
	if err := s.putMapping(ctx); err != nil {
		return err
	}
	s.mapped.Store(int64(known))
	return nil
}
