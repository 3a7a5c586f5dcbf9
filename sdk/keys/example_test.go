package keys_test

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/keys"
	"github.com/logcenter/logcenter/sdk/kv"
)

func Example() {
	const (
		address = iota
		user
	)
	known := keys.New(map[string]int{"srcip": address, "src": address, "usr": user})
	device := kv.Scanner{Pair: ';'}

	var seen keys.Once
	for it := device.Scan([]byte("srcip=192.0.2.7;usr=li;x=1;usr=root")); it.Next(); {
		i := known.Find(it.Key())
		if i < 0 || !seen.First(i) {
			continue // not a key that is known, or one that was there before
		}
		switch *known.At(i) {
		case address:
			fmt.Printf("from %s\n", it.Value())
		case user:
			fmt.Printf("by %s\n", it.Value())
		}
	}
	// Output:
	// from 192.0.2.7
	// by li
}
