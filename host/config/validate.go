package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/host/input/upload"
	"github.com/logcenter/logcenter/host/self"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Validate checks what is only wrong together, and fills what has no constant default.
func (c *Config) Validate() error {
	if c.Inputs == nil {
		c.Inputs = defaultInputs()
	}
	var errs []error
	if c.DataDir == "" {
		errs = append(errs, &schema.Error{Path: "data_dir", Msg: "is empty", Hint: "name a folder"})
	}
	if c.Store.Kind == "elasticsearch" && c.Store.Elasticsearch == nil {
		errs = append(errs, &schema.Error{
			Path: "store.kind", Msg: "is elasticsearch, but nothing says where it is", Hint: "give store.elasticsearch.addresses, e.g. [http://127.0.0.1:9200]",
		})
	}
	errs = append(errs, c.validateInputs()...)
	errs = append(errs, c.validateClassification()...)
	errs = append(errs, c.validateRoutes()...)
	streams := map[string]bool{}
	for i, s := range c.Streams {
		if streams[s.Name] {
			errs = append(errs, &schema.Error{
				Path: schema.Key(schema.Index("streams", i), "name"),
				Msg:  fmt.Sprintf("there is a stream %q already", s.Name), Hint: "names are unique",
			})
		}
		streams[s.Name] = true
	}
	return errors.Join(errs...)
}

// ownInputs are those of the host itself, and what they are for.
var ownInputs = map[string]string{upload.Name: "for /api/v1/files", self.Name: "for what it tells of itself"}

// validateInputs looks for names and addresses that are given twice.
func (c *Config) validateInputs() (errs []error) {
	names, taken := map[string]bool{}, map[string]string{"tcp " + c.HTTP.Listen: "http.listen"}
	for i, in := range c.Inputs {
		at := schema.Index("inputs", i)
		if names[in.Name] {
			errs = append(errs, &schema.Error{
				Path: schema.Key(at, "name"), Msg: fmt.Sprintf("there is an input %q already", in.Name), Hint: "names are unique",
			})
		}
		if what := ownInputs[in.Name]; what != "" {
			errs = append(errs, &schema.Error{
				Path: schema.Key(at, "name"), Msg: fmt.Sprintf("%s is the host's own input, %s", in.Name, what), Hint: "use another name",
			})
		}
		names[in.Name] = true
		if in.Syslog == nil {
			continue
		}
		for _, l := range []struct{ key, address string }{{"udp", in.Syslog.UDP}, {"tcp", in.Syslog.TCP}} {
			if l.address == "" {
				continue
			}
			place := schema.Key(schema.Key(at, "syslog"), l.key)
			if other, ok := taken[l.key+" "+l.address]; ok && !strings.HasSuffix(l.address, ":0") {
				errs = append(errs, &schema.Error{
					Path: place, Msg: fmt.Sprintf("%s is taken by %s", l.address, other), Hint: "use another port",
				})
			}
			taken[l.key+" "+l.address] = place
		}
	}
	return errs
}

// Validate checks the name and the query. That fields exist is checked when the plugins are known.
func (s *Stream) Validate() error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	n, err := query.Parse(s.Query)
	if err == nil {
		err = query.CheckFields(n, nil)
	}
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return &schema.Error{Path: "query", Msg: fmt.Sprintf("column %d: %s", wrong.Column(s.Query), wrong.Msg), Hint: wrong.Hint}
	}
	return err
}
