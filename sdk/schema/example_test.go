package schema_test

import (
	"fmt"
	"time"

	"github.com/logcenter/logcenter/sdk/schema"
)

// lookupConfig is what an admin may set for a plugin that looks addresses up.
type lookupConfig struct {
	// Database is the file to look in.
	Database string `yaml:"database" required:"true"`
	// Reload is how often the file is read again; 0 never does.
	Reload time.Duration `yaml:"reload" default:"10m" max:"1d"`
	// Cache bounds the memory of answers.
	Cache schema.Bytes `yaml:"cache" default:"64MiB"`
}

func Example() {
	var c lookupConfig
	err := schema.Decode(map[string]any{"database": "hosts.csv", "reload": "1h30m"}, &c)
	fmt.Println(c.Database, c.Reload, c.Cache, err)

	err = schema.Decode(map[string]any{"databse": "hosts.csv", "reload": 90}, &c)
	for _, e := range schema.Errors(err) {
		fmt.Println(e)
	}
	// Output:
	// hosts.csv 1h30m0s 64MiB <nil>
	// databse: unknown key (did you mean "database"?)
	// database: is required
	// reload: must be a duration, not 90 (a number and a unit, e.g. 500ms, 10m, 30d)
}
