package memo_test

import (
	"bytes"
	"fmt"

	"github.com/logcenter/logcenter/sdk/memo"
)

func Example() {
	// Collectors of flows write one key in several ways.
	keys := memo.New(func(key []byte) string {
		return string(bytes.ToLower(bytes.ReplaceAll(key, []byte("_"), nil)))
	})
	fmt.Println(keys.Of([]byte("L4_SRC_PORT")), keys.Of([]byte("l4SrcPort")))
	// Output: l4srcport l4srcport
}
