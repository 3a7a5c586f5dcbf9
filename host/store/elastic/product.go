package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/logcenter/logcenter/host/store"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// product is what a cluster runs. Only the names of fields in documents, and one line of the mapping, follow from it.
type product int32

const (
	unknown product = iota // not reached yet
	elasticsearchProduct
	openSearchProduct
)

func (p product) String() string {
	if p == openSearchProduct {
		return "OpenSearch"
	}
	return "Elasticsearch"
}

// field is the name of an event's field in documents. OpenSearch takes dots for paths, and a path cannot be a value
// and an object at once, as source and source.ip are; '/' cannot stand in the name of an event's field.
func (p product) field(name string) string {
	if p == openSearchProduct {
		return strings.ReplaceAll(name, ".", "/")
	}
	return name
}

// eventField is the reverse of field.
func (p product) eventField(field string) string {
	if p == openSearchProduct {
		return strings.ReplaceAll(field, "/", ".")
	}
	return field
}

// exact is the name by which a field is compared and sorted.
func (p product) exact(name string, t ecs.Type) string {
	if t == ecs.Date {
		return p.field(name) + suffixNanos
	}
	return p.field(name)
}

// tokens is the name by which a text is searched.
func (p product) tokens(name string) string { return p.field(name) + suffixTokens }

// oldest are the first versions that have what the store uses: subobjects in Elasticsearch; OpenSearch 2 is the oldest
// that is still maintained.
var oldest = map[product][2]int{elasticsearchProduct: {8, 3}, openSearchProduct: {2, 0}}

// errProduct means that the addresses lead to something else, or to a version that lacks what the store needs.
type errProduct struct{ text string }

func (e *errProduct) Error() string { return e.text }
func (e *errProduct) Unwrap() error { return store.ErrUnavailable }

// identify asks what the cluster runs. Its first page need not be allowed, and some distributions have none; every
// answer of Elasticsearch says in its header what it is from, since 7.14, and of OpenSearch since 3.0.
func (c *client) identify(ctx context.Context) (product, error) {
	a, err := c.exchange(ctx, http.MethodGet, "/", "", nil)
	if err != nil {
		return unknown, err
	}
	switch a.status {
	case http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return unknown, c.newError(a)
	}
	var info struct {
		Tagline string `json:"tagline"`
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	if a.status == http.StatusOK {
		_ = json.Unmarshal(a.body, &info) // what is no JSON tells nothing
	}
	var p product
	version := info.Version.Number
	fromHeader, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("X-OpenSearch-Version"), "OpenSearch/"), " ")
	switch {
	case fromHeader != "":
		p, version = openSearchProduct, fromHeader
	case info.Version.Distribution == "opensearch":
		p = openSearchProduct
	case a.header.Get("X-Elastic-Product") == "Elasticsearch", info.Tagline == "You Know, for Search":
		p = elasticsearchProduct
	default:
		return unknown, &errProduct{c.stranger(a)}
	}
	if want := oldest[p]; version != "" && older(version, want) {
		return unknown, &errProduct{fmt.Sprintf("%s at %s is of version %s, but %d.%d or later is needed (upgrade it, or name another cluster in store.elasticsearch.addresses)",
			p, c.where, version, want[0], want[1])}
	}
	return p, nil
}

// stranger describes an answer that comes from neither product.
func (c *client) stranger(a *answer) string {
	from := a.header.Get("Server")
	if from == "" {
		from = "a server without a name"
	}
	kind := a.header.Get("Content-Type")
	if kind == "" {
		kind = "no content"
	}
	return fmt.Sprintf("what answers at %s is neither Elasticsearch nor OpenSearch: %s answers %d %s with %s (check store.elasticsearch.addresses; on OpenSearch 2 the user needs cluster:monitor/main)",
		c.where, from, a.status, http.StatusText(a.status), kind)
}

// older compares the first two numbers of a version. One that cannot be read is not older.
func older(version string, want [2]int) bool {
	parts := strings.SplitN(version, ".", 3)
	for i, w := range want {
		if i >= len(parts) {
			return false
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || n > w {
			return false
		}
		if n < w {
			return true
		}
	}
	return false
}
