package leef_test

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/leef"
)

func Example() {
	e, err := leef.Parse([]byte("<13>Nov 21 08:56:23 ips1 LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=10.1.2.3^dst=192.0.2.8^usrName=Li Si"))
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s %s, LEEF %d\n", e.Product, e.EventID, e.Version)
	for it := e.Scan(); it.Next(); {
		switch string(it.Key()) {
		case "src":
			fmt.Printf("from %s\n", it.Value())
		case "usrName":
			fmt.Printf("by %s\n", it.Value())
		}
	}
	// Output:
	// StealthWatch 41, LEEF 2
	// from 10.1.2.3
	// by Li Si
}
