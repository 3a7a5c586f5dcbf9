// Command generate writes the bundled country table from databases in the MaxMind DB format.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"github.com/logcenter/logcenter/plugins/enricher/geoip/table"
)

func main() {
	out := flag.String("out", "data/country.bin", "file to write")
	bits := flag.Int("ipv6-bits", 48, "longest IPv6 network that is kept")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: generate [-out FILE] DATABASE.mmdb")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out, *bits); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(in, out string, bits int) error {
	t, err := table.Open(in, bits)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.WriteCompact(&b); err != nil {
		return err
	}
	v4, v6 := t.Ranges()
	fmt.Printf("%s: %d IPv4 and %d IPv6 ranges of %d countries, %d bytes\n", out, v4, v6, len(t.Records)-1, b.Len())
	return os.WriteFile(out, b.Bytes(), 0o644)
}
