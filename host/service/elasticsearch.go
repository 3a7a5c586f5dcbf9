package service

import (
	"errors"
	"fmt"
	"time"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/store/elastic"
)

// freshness is how old events may be before a search of a cluster must find them: searches that all refreshed would
// cost more than the writing.
const freshness = time.Second

func (s *Service) openElasticsearch() (*elastic.Store, error) {
	o, err := elasticOptions(s.cfg)
	if err != nil {
		return nil, err
	}
	o.Owner, o.Freshness, o.Rejected = s.events.ID(), freshness, s.rejected
	o.Classify, o.OldestOnline = s.policy.Classify, oldestOnline(s.policy)
	o.Failed = func(err error) { s.warn("store", err) }
	st, err := elastic.Open(o)
	if err != nil {
		return nil, err
	}
	s.onClose(st.Close)
	return st, nil
}

// elasticOptions are those that the configuration gives.
func elasticOptions(cfg *config.Config) (o elastic.Options, err error) {
	c := cfg.Store.Elasticsearch
	if c == nil {
		return o, errors.New("nothing says where Elasticsearch is: give store.elasticsearch.addresses, e.g. [http://127.0.0.1:9200]")
	}
	password, err := cfg.Secret(c.PasswordFile, c.PasswordEnv)
	if err != nil {
		return o, fmt.Errorf("store.elasticsearch: password: %w", err)
	}
	key, err := cfg.Secret(c.APIKeyFile, "")
	if err != nil {
		return o, fmt.Errorf("store.elasticsearch: API key: %w", err)
	}
	return elastic.Options{
		Addresses: c.Addresses, Username: c.Username, Password: password, APIKey: key,
		CAFile: cfg.Path(c.CAFile), CertFile: cfg.Path(c.CertFile), KeyFile: cfg.Path(c.KeyFile),
		Gzip: c.Gzip, Timeout: c.Timeout, Prefix: c.Prefix, Shards: c.Shards, Replicas: c.Replicas,
		BulkBytes: int(c.BulkBytes), RollBytes: int64(c.RollBytes), RollDocs: int64(c.RollDocs),
	}, nil
}
