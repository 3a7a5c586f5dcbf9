package estest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/logcenter/logcenter/sdk/porttest"
)

// Cluster is several nodes on this machine: some that keep data, and a small one that only votes, so that one node of
// two may die and the others still agree on who leads.
type Cluster struct {
	Data  []*Server
	voter *Server
	dir   string // of the distribution they share
}

// Heaps of nodes.
const (
	dataHeap  = "512m"
	voterHeap = "256m"
)

// StartCluster starts data nodes, at least two, and the one that votes. [Cluster.Close] ends them.
func StartCluster(data int) (*Cluster, error) {
	if data < 2 {
		return nil, fmt.Errorf("%d nodes that keep data are no cluster: have two", data)
	}
	java, err := elasticsearch.java()
	if err != nil {
		return nil, err
	}
	zip, err := elasticsearch.fetch()
	if err != nil {
		return nil, err
	}
	c := &Cluster{}
	if c.dir, err = os.MkdirTemp("", "logcenter-es-"); err != nil {
		return nil, err
	}
	if err := c.start(java, zip, data); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(java, zip string, data int) error {
	if zip != "" {
		if err := unzip(zip, c.dir); err != nil {
			return err
		}
	}
	c.voter = &Server{product: elasticsearch, java: java, name: "voter"}
	for i := range data {
		c.Data = append(c.Data, &Server{product: elasticsearch, java: java, name: fmt.Sprintf("n%d", i+1)})
	}
	for _, s := range c.all() { // each knows the ports of all
		s.cluster = c
		var err error
		if s.dir, err = os.MkdirTemp("", "logcenter-es-"+s.name+"-"); err != nil {
			return err
		}
		if s.transport, err = porttest.Free(); err != nil {
			return err
		}
	}
	for _, s := range c.all() {
		if err := s.prepare(zip); err != nil {
			return err
		}
	}
	return c.run()
}

// run starts all at once, because none is well before most are there.
func (c *Cluster) run() error {
	errs := make([]error, len(c.all()))
	var wg sync.WaitGroup
	for i, s := range c.all() {
		wg.Go(func() { errs[i] = s.Run() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *Cluster) all() []*Server {
	if c.voter == nil {
		return c.Data
	}
	return append(c.Data[:len(c.Data):len(c.Data)], c.voter)
}

// URLs are the addresses of the nodes that keep data.
func (c *Cluster) URLs() []string {
	var urls []string
	for _, s := range c.Data {
		urls = append(urls, s.URL)
	}
	return urls
}

// Close ends all nodes and removes what they have written.
func (c *Cluster) Close() {
	var wg sync.WaitGroup
	for _, s := range c.all() {
		wg.Go(s.Close)
	}
	wg.Wait()
	_ = os.RemoveAll(c.dir)
}

// Clustered is a cluster of two nodes that keep data, for one test. It takes the place of [Shared], so that a machine
// does not carry both.
func Clustered(t testing.TB) *Cluster {
	t.Helper()
	if v := elasticsearch.variable; os.Getenv(v) != "" {
		t.Skipf("%s names a server, whose nodes are not to be killed", v)
	}
	if shared != nil {
		shared.Close()
		shared = nil
	}
	c, err := StartCluster(2)
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(c.Close)
	return c
}

// unpack finds the distribution, and makes a configuration of the server's own where it shares one.
func (s *Server) unpack(zip string) error {
	folder := s.product.name + "-" + s.product.version
	switch home := s.product.home(); {
	case home != "":
		s.dist = home
	case s.cluster != nil:
		s.dist = filepath.Join(s.cluster.dir, folder)
	default:
		s.dist = filepath.Join(s.dir, folder)
		return unzip(zip, s.dir)
	}
	if _, err := os.Stat(filepath.Join(s.dist, "bin", s.product.name)); err != nil {
		return fmt.Errorf("%s: no unpacked %s: %w", s.dist, s.product.name, err)
	}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(s.conf(), os.DirFS(filepath.Join(s.dist, "config"))); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(s.conf(), s.product.name+".keystore")) // it has the secrets of another server
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// conf is the folder of the server's own configuration.
func (s *Server) conf() string {
	if strings.HasPrefix(s.dist, s.dir+string(filepath.Separator)) {
		return filepath.Join(s.dist, "config")
	}
	return filepath.Join(s.dir, "config")
}

func (s *Server) heap() string {
	if s.cluster != nil && s == s.cluster.voter {
		return voterHeap
	}
	return dataHeap
}

// membership is whom a node forms a cluster with.
func (s *Server) membership() []string {
	if s.cluster == nil {
		return []string{"discovery.type: single-node"}
	}
	var names, hosts []string
	for _, o := range s.cluster.all() {
		names = append(names, o.name)
		hosts = append(hosts, fmt.Sprintf(`"127.0.0.1:%d"`, o.transport))
	}
	roles := "[master, data]"
	if s == s.cluster.voter {
		roles = "[master]"
	}
	return []string{
		"node.roles: " + roles, "discovery.seed_hosts: [" + strings.Join(hosts, ", ") + "]",
		"cluster.initial_master_nodes: [" + strings.Join(names, ", ") + "]",
	}
}
