// Command with starts Elasticsearch on this machine, runs a command, and stops it again:
//
//	go run ./host/store/elastic/estest/with -nodes 2 -- sh -c 'curl -s $ELASTICSEARCH_URL'
//
// The command finds the addresses in ELASTICSEARCH_URLS, separated by commas, and the first of them in
// ELASTICSEARCH_URL. Elasticsearch is loaded from Maven Central, or is the one unpacked in ELASTICSEARCH_HOME. Where
// neither can be, the exit code is 77.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/logcenter/logcenter/host/store/elastic/estest"
)

const missing = 77 // as automake's tests say that they were skipped

func main() { os.Exit(run()) }

func run() int {
	nodes := flag.Int("nodes", 1, "nodes that keep data; with two or more, a small one that only votes is added")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "with: name the command to run behind --")
		return 2
	}
	// The command is told by the terminal itself; the nodes are stopped when it has ended.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	urls, stop, err := start(*nodes)
	if err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
		if errors.Is(err, estest.ErrMissing) {
			return missing
		}
		return 1
	}
	defer stop()
	cmd := exec.Command(flag.Arg(0), flag.Args()[1:]...)
	cmd.Env = append(os.Environ(), "ELASTICSEARCH_URL="+urls[0], "ELASTICSEARCH_URLS="+strings.Join(urls, ","))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	select {
	case <-signals:
		return 130
	default:
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
		return 1
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(1, exit.ExitCode())
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "with:", err)
				return 1
			}
			return 0
		}
	}
}

func start(nodes int) (urls []string, stop func(), err error) {
	if nodes > 1 {
		c, err := estest.StartCluster(nodes)
		if err != nil {
			return nil, nil, err
		}
		return c.URLs(), c.Close, nil
	}
	s, err := estest.Start()
	if err != nil {
		return nil, nil, err
	}
	return []string{s.URL}, s.Close, nil
}
