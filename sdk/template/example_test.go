package template_test

import (
	"fmt"
	"testing"

	"github.com/logcenter/logcenter/sdk/template"
)

func Example() {
	failed := template.MustCompile("Failed %{method:word} for %{user} from %{ip:ip} port %{port:int} %{}")

	m, err := failed.Match([]byte("Failed password for invalid user li.si from 10.1.2.3 port 51514 ssh2"))
	fmt.Printf("%s, %s, %s, %v\n", m.Get("user"), m.Get("ip"), m.Get("port"), err)

	_, err = failed.Match([]byte("Failed password for li.si from nowhere"))
	fmt.Println(err)
	// Output:
	// invalid user li.si, 10.1.2.3, 51514, <nil>
	// template: byte 31: not a line of this pattern: an IP address (ip) is expected
}

func ExampleSet() {
	sshd := template.MustSet(
		"Accepted %{method:word} for %{user} from %{ip:ip} port %{port:int} %{}",
		"Failed %{method:word} for %{user} from %{ip:ip} port %{port:int} %{}",
		"Disconnected from user %{user:word} %{ip:ip} port %{port:int}",
	)
	outcomes := []string{"success", "failure", ""}

	m, err := sshd.Match([]byte("Failed password for li.si from 10.1.2.3 port 51514 ssh2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %s\n", outcomes[m.Pattern()], m.Get("user"))
	// Output: failure li.si
}

func ExampleCompile() {
	_, err := template.Compile("from %{ip:ipv4} port")
	fmt.Println(err)
	// Output: template: byte 10 of "from %{ip:ipv4} port": unknown kind "ipv4": use one of text, last, word, int, number, ip, mac, time, quoted, brackets, rest
}

// From another package too, the match must stay on the stack.
func TestMatchStaysOnTheStack(t *testing.T) {
	tpl := template.MustCompile("a %{b} %{c:int}")
	line := []byte("a x 5")
	n := 0
	if allocs := testing.AllocsPerRun(100, func() {
		m, _ := tpl.Match(line)
		n += len(m.Get("c"))
	}); allocs != 0 || n == 0 {
		t.Errorf("%v allocations, %d bytes", allocs, n)
	}
}
