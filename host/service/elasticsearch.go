package service

import (
	"fmt"
	"time"

	"github.com/logcenter/logcenter/host/store/elastic"
)

// freshness is how old events may be before a search of a cluster must find them: searches that all refreshed would
// cost more than the writing.
const freshness = time.Second

func (s *Service) openElasticsearch() error {
	c := s.cfg.Store.Elasticsearch
	password, err := s.cfg.Secret(c.PasswordFile, c.PasswordEnv)
	if err != nil {
		return fmt.Errorf("store.elasticsearch: password: %w", err)
	}
	key, err := s.cfg.Secret(c.APIKeyFile, "")
	if err != nil {
		return fmt.Errorf("store.elasticsearch: API key: %w", err)
	}
	st, err := elastic.Open(elastic.Options{
		Addresses: c.Addresses, Username: c.Username, Password: password, APIKey: key,
		CAFile: s.cfg.Path(c.CAFile), CertFile: s.cfg.Path(c.CertFile), KeyFile: s.cfg.Path(c.KeyFile),
		Gzip: c.Gzip, Timeout: c.Timeout, Prefix: c.Prefix, Owner: s.events.ID(), Shards: c.Shards, Replicas: c.Replicas,
		BulkBytes: int(c.BulkBytes), RollBytes: int64(c.RollBytes), RollDocs: int64(c.RollDocs), Freshness: freshness,
		Classify: s.policy.Classify, OldestOnline: oldestOnline(s.policy),
		Rejected: s.rejected, Failed: func(err error) { s.warn("store", err) },
	})
	if err != nil {
		return err
	}
	s.onClose(st.Close)
	return s.openLifecycle(st)
}
