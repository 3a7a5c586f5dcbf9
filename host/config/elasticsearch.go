package config

import (
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/logcenter/logcenter/sdk/schema"
)

// Elasticsearch is a cluster of Elasticsearch 8.3 or later, or of OpenSearch 2.0 or later, that keeps the events.
type Elasticsearch struct {
	// Addresses are those of nodes, e.g. https://es1:9200. Any of them may be down.
	Addresses []string `yaml:"addresses" required:"true"`
	// Username is who writes and searches; README.md lists the privileges. Empty sends no user.
	Username string `yaml:"username"`
	// PasswordFile is a file with the user's password.
	PasswordFile string `yaml:"password_file"`
	// PasswordEnv is the environment variable with the password, instead of the file.
	PasswordEnv string `yaml:"password_env"`
	// APIKeyFile is a file with an API key as Elasticsearch encodes it, instead of user and password.
	APIKeyFile string `yaml:"api_key_file"`
	// CAFile has the authorities that sign the cluster's certificates, in PEM; empty means those of the system.
	CAFile string `yaml:"ca_file"`
	// CertFile is a client's certificate, in PEM, for clusters that ask for one.
	CertFile string `yaml:"cert_file"`
	// KeyFile is the private key of cert_file, in PEM.
	KeyFile string `yaml:"key_file"`
	// Gzip compresses what is sent: less traffic, more CPU here.
	Gzip bool `yaml:"gzip" default:"false"`
	// Timeout bounds one request.
	Timeout time.Duration `yaml:"timeout" default:"1m" min:"1s" max:"1h"`
	// Prefix is what the names of all indices, the alias and the template begin with. Hosts that share a cluster
	// have different ones.
	Prefix string `yaml:"prefix" default:"logcenter"`
	// Shards is how many each index has; it counts for indices to come.
	Shards int `yaml:"shards" default:"1" min:"1" max:"64"`
	// Replicas is how many copies of each shard there are besides; 0 loses events with a node. It counts for
	// indices to come.
	Replicas int `yaml:"replicas" default:"1" min:"0" max:"16"`
	// BulkBytes are sent at once, two times side by side.
	BulkBytes schema.Bytes `yaml:"bulk_bytes" default:"8MiB" min:"64KiB" max:"64MiB"`
	// RollBytes is how large an index of one class and day grows before the next begins.
	RollBytes schema.Bytes `yaml:"roll_bytes" default:"40GiB" min:"64MiB"`
	// RollDocs is how many events such an index takes.
	RollDocs int `yaml:"roll_docs" default:"200000000" min:"1000" max:"2000000000"`
}

// indexPrefix is what Elasticsearch takes as the begin of a name in any case.
var indexPrefix = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// Validate checks what is only wrong together.
func (e *Elasticsearch) Validate() error {
	if len(e.Addresses) == 0 {
		return &schema.Error{Path: "addresses", Msg: "is empty", Hint: "name at least one node, e.g. http://127.0.0.1:9200"}
	}
	for i, a := range e.Addresses {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			return &schema.Error{
				Path: schema.Index("addresses", i), Msg: fmt.Sprintf("%q is not the address of a node", a),
				Hint: "write e.g. https://es1:9200, the user apart",
			}
		}
	}
	switch {
	case !indexPrefix.MatchString(e.Prefix):
		return &schema.Error{Path: "prefix", Msg: fmt.Sprintf("%q cannot begin the name of an index", e.Prefix), Hint: "use up to 64 lower-case letters, digits, dots, underscores and dashes"}
	case e.APIKeyFile != "" && e.Username != "":
		return &schema.Error{Path: "api_key_file", Msg: "there is a username, too", Hint: "use one of them"}
	case e.PasswordFile != "" && e.PasswordEnv != "":
		return &schema.Error{Path: "password_env", Msg: "there is a password_file, too", Hint: "use one of them"}
	case e.Username != "" && e.PasswordFile == "" && e.PasswordEnv == "":
		return &schema.Error{Path: "username", Msg: "has no password", Hint: "name a password_file"}
	case (e.CertFile == "") != (e.KeyFile == ""):
		return &schema.Error{Path: "cert_file", Msg: "a certificate and its key go together", Hint: "give both cert_file and key_file"}
	}
	return nil
}
