package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/retention"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Retention says how long events are kept.
type Retention struct {
	// Every is how often it is looked whether something is due.
	Every time.Duration `yaml:"every" default:"10m" min:"1s" max:"24h"`
	// Policy are rows that differ from the log standard's table, or rows for types that it does not have. The device
	// type unclassified with the log type all is what no row has.
	Policy []RetentionRow `yaml:"policy"`
}

// RetentionRow is how long events of one type are kept.
type RetentionRow struct {
	// DeviceType is a value of observer.type.
	DeviceType string `yaml:"device_type" required:"true"`
	// LogType is a value of logcenter.log_type; all stands for those that have no row.
	LogType string `yaml:"log_type" required:"true"`
	// OnlineDays is how long events are searchable, counted from event.ingested.
	OnlineDays int `yaml:"online_days" required:"true"`
	// ArchiveYears is how long they are in the archive, counted from the same day.
	ArchiveYears int `yaml:"archive_years" required:"true"`
}

// RetentionPolicy is the log standard's policy with the rows of the configuration.
func (c *Config) RetentionPolicy() (*retention.Policy, error) {
	var rows []retention.Row
	for _, r := range c.Retention.Policy {
		rows = append(rows, retention.Row{ObserverType: r.DeviceType, LogType: r.LogType, OnlineDays: r.OnlineDays, ArchiveYears: r.ArchiveYears})
	}
	return retention.New(rows)
}

// Validate checks the rows together.
func (r *Retention) Validate() error {
	c := Config{Retention: *r}
	_, err := c.RetentionPolicy()
	var wrong *retention.Error
	if errors.As(err, &wrong) {
		return &schema.Error{Path: schema.Key(schema.Index("policy", wrong.Row), wrong.Field), Msg: wrong.Msg, Hint: wrong.Hint}
	}
	return err
}

// Archive says where events go when their online days are over.
type Archive struct {
	// Kind is directory for a folder, s3 for a bucket, or none: events are gone after their online days.
	Kind string `yaml:"kind" default:"directory" enum:"directory,s3,none"`
	// Directory is the folder; empty means archive in the data_dir. A disk of its own is better.
	Directory string `yaml:"directory"`
	// S3 says where the bucket is, for that kind only.
	S3 *S3 `yaml:"s3"`
	// Format of files: parquet is searched in place and read by DuckDB, pandas and Spark; ndjson is one event a line,
	// compressed with zstd, and searched after a conversion.
	Format string `yaml:"format" default:"parquet" enum:"parquet,ndjson"`
	// CacheBytes bounds what a search of archived events brings to this machine.
	CacheBytes schema.Bytes `yaml:"cache_bytes" default:"20GiB" min:"64MiB"`
}

// S3 is a bucket of an S3-compatible store.
type S3 struct {
	// Endpoint is the store's address, e.g. https://s3.example.com.
	Endpoint string `yaml:"endpoint" required:"true"`
	// Bucket is its name. It must be there.
	Bucket string `yaml:"bucket" required:"true"`
	// Prefix is what all names in the bucket begin with, e.g. logs/branch-7.
	Prefix string `yaml:"prefix"`
	// Region of the bucket.
	Region string `yaml:"region" default:"us-east-1"`
	// AccessKeyFile is a file with the access key.
	AccessKeyFile string `yaml:"access_key_file"`
	// AccessKeyEnv is the environment variable with the access key, instead of the file.
	AccessKeyEnv string `yaml:"access_key_env"`
	// SecretKeyFile is a file with the secret key.
	SecretKeyFile string `yaml:"secret_key_file"`
	// SecretKeyEnv is the environment variable with the secret key, instead of the file.
	SecretKeyEnv string `yaml:"secret_key_env"`
	// CAFile has the authorities that sign the store's certificate, in PEM; empty means those of the system.
	CAFile string `yaml:"ca_file"`
}

// Validate checks what is only wrong together.
func (a *Archive) Validate() error {
	if a.Kind == "s3" && a.S3 == nil {
		return &schema.Error{Path: "kind", Msg: "is s3, but nothing says where the bucket is", Hint: "give archive.s3.endpoint and archive.s3.bucket"}
	}
	return nil
}

// Validate checks what is only wrong together.
func (s *S3) Validate() error {
	u, err := url.Parse(s.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "":
		return &schema.Error{Path: "endpoint", Msg: fmt.Sprintf("%q is not the address of a store", s.Endpoint), Hint: "write e.g. https://s3.example.com, the bucket apart"}
	case (s.AccessKeyFile == "") == (s.AccessKeyEnv == ""):
		return &schema.Error{Path: "access_key_file", Msg: "the access key is needed once", Hint: "give either access_key_file or access_key_env"}
	case (s.SecretKeyFile == "") == (s.SecretKeyEnv == ""):
		return &schema.Error{Path: "secret_key_file", Msg: "the secret key is needed once", Hint: "give either secret_key_file or secret_key_env"}
	}
	return nil
}
