package netaddr_test

import (
	"fmt"

	"github.com/logcenter/logcenter/sdk/netaddr"
)

func ExampleSplitHostPort() {
	for _, s := range []string{"10.1.2.3:443", "[2001:db8::1]:443", "10.1.2.3(443)", "10.1.2.3"} {
		host, port := netaddr.SplitHostPort([]byte(s))
		fmt.Printf("%s %q\n", host, port)
	}
	// Output:
	// 10.1.2.3 "443"
	// 2001:db8::1 "443"
	// 10.1.2.3 "443"
	// 10.1.2.3 ""
}

func ExampleAppendMAC() {
	buf := make([]byte, 0, 24)
	for _, s := range []string{"0000.5e00.5323", "0:0:5e:0:53:23", "00:00:5e"} {
		mac, ok := netaddr.AppendMAC(buf, []byte(s))
		fmt.Println(string(mac), ok)
	}
	// Output:
	// 00-00-5E-00-53-23 true
	// 00-00-5E-00-53-23 true
	//  false
}

func ExampleSplitURL() {
	u := netaddr.SplitURL([]byte("https://li@shop.example:8443/item?id=42#top"))
	fmt.Printf("%s %s %s %s %s %s %s\n", u.Scheme, u.User, u.Host, u.Port, u.Path, u.Query, u.Fragment)
	// Output: https li shop.example 8443 /item id=42 top
}

func ExampleFindAddr() {
	line := []byte("login of li.si from 10.1.2.3, before that from 2001:db8::1.")
	for start, end := netaddr.FindAddr(line, 0); start >= 0; start, end = netaddr.FindAddr(line, end) {
		fmt.Printf("%s\n", line[start:end])
	}
	// Output:
	// 10.1.2.3
	// 2001:db8::1
}
