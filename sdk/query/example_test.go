package query_test

import (
	"errors"
	"fmt"

	"github.com/logcenter/logcenter/sdk/query"
)

func ExampleParse() {
	n, err := query.Parse("observer.type:firewall (Fail OR Bad) -source.ip:10.0.0.0/8")
	fmt.Println(query.Format(n), err)
	// Output: observer.type:firewall AND (Fail OR Bad) AND NOT source.ip:10.0.0.0/8 <nil>
}

func ExampleError_Render() {
	const text = `用户:张三 AND sorce.ip:10.0.0.0/8`
	n, err := query.Parse(text)
	if err == nil {
		err = query.Check(n, nil)
	}
	var qerr *query.Error
	if errors.As(err, &qerr) {
		fmt.Print(qerr.Render(text))
	}
	// Output:
	// sorce.ip is not declared, so it takes no networks
	//   用户:张三 AND sorce.ip:10.0.0.0/8
	//                 ^^^^^^^^^^^^^^^^^^^
	//   hint: declare this field in a plugin, or did you mean source.ip?
}
