package cef_test

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/cef"
)

func Example() {
	e, err := cef.Parse([]byte(`<134>Nov 21 08:56:23 waf1 CEF:0|Imperva|SecureSphere|13.6|Firewall|SQL injection|High|` +
		`src=10.1.2.3 spt=51514 msg=id\=1 union select cs1Label=Policy cs1=Web policy`))
	if err != nil {
		fmt.Println(err)
	}
	severity, _ := e.SeverityNumber()
	fmt.Printf("%s: %s, severity %d\n", e.Product, e.Name, severity)

	buf := make([]byte, 0, 64)
	for it := e.Scan(); it.Next(); {
		switch string(it.Key()) {
		case "src":
			fmt.Printf("from %s\n", it.Value())
		case "msg":
			fmt.Printf("%s\n", it.AppendValue(buf)) // escapes are resolved into a buffer
		}
	}
	// Output:
	// SecureSphere: SQL injection, severity 8
	// from 10.1.2.3
	// id=1 union select
}

func ExampleFields_Labelled() {
	e, _ := cef.Parse([]byte("CEF:0|V|P|1|1|N|5|cs1Label=Policy cs1=Web policy cn1=3 cn1Label=Attempts"))
	f, err := e.Fields()
	fmt.Printf("%s, %s, %v\n", f.Labelled("Policy"), f.Labelled("Attempts"), err)
	// Output: Web policy, 3, <nil>
}
