// Package estest starts a real Elasticsearch or OpenSearch for tests: the distributions that their own integration
// tests use, which Maven Central has. They lack plugins and modules, Elasticsearch's such as scripts and the analysers;
// what runs on them runs on the whole.
package estest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logcenter/logcenter/sdk/porttest"
)

const (
	startTimeout = 10 * time.Minute // of several at once, on a machine that is busy
	stopTimeout  = 20 * time.Second
)

// ErrMissing means that the machine cannot start a server.
var ErrMissing = errors.New("no real server here")

// Server is one node.
type Server struct {
	URL string

	product   product
	java      string
	dir, dist string
	cluster   *Cluster // nil: it is alone
	name      string
	secured   bool
	http      int
	transport int
	cmd       *exec.Cmd
	exited    chan struct{} // closed when it ended; err says how
	err       error
}

// Main runs a package's tests and exits. The server of [Shared] is started at first use, so that tests that need none
// run without it; where none can be started, tests that ask for one are skipped with a loud line, and fail if CI=true.
func Main(m *testing.M, clean ...func()) {
	code := m.Run()
	for _, f := range clean {
		f()
	}
	if shared != nil {
		shared.Close()
	}
	os.Exit(code)
}

var (
	shared    *Server
	sharedErr = map[product]error{}
)

// Shared is the Elasticsearch of the test binary, which must end by [Main]. Tests that use it do not run in parallel.
// The environment variable LOGCENTER_TEST_ELASTICSEARCH names one to use instead, where tests make and remove indices
// whose names begin with lctest.
func Shared(t testing.TB) *Server {
	t.Helper()
	return share(t, elasticsearch)
}

// SharedOpenSearch is [Shared] for OpenSearch and LOGCENTER_TEST_OPENSEARCH. One server runs at a time: it ends the
// other.
func SharedOpenSearch(t testing.TB) *Server {
	t.Helper()
	return share(t, openSearch)
}

func share(t testing.TB, p product) *Server {
	t.Helper()
	if shared != nil && shared.product != p {
		shared.Close()
		shared = nil
	}
	if shared == nil && sharedErr[p] == nil {
		shared, sharedErr[p] = start(p, false)
	}
	if sharedErr[p] != nil {
		giveUp(t, sharedErr[p])
	}
	return shared
}

func giveUp(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" || !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "\n*** SKIPPED, %s: %v ***\n\n", t.Name(), err)
	t.Skip(err)
}

// Start starts an Elasticsearch, or names the one to use instead; see [Shared]. [Server.Close] ends it.
func Start() (*Server, error) { return start(elasticsearch, false) }

// start starts a server, or names the one to use instead.
func start(p product, secured bool) (*Server, error) {
	if url := os.Getenv(p.variable); url != "" && !secured {
		return &Server{URL: url, product: p}, nil
	}
	java, err := p.java()
	if err != nil {
		return nil, err
	}
	archive, err := p.fetch()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "logcenter-"+p.name+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{product: p, java: java, dir: dir, secured: secured, name: "n1"}
	if err := s.prepare(archive); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.Run(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// prepare unpacks and configures.
func (s *Server) prepare(zip string) error {
	err := s.unpack(zip)
	if err != nil {
		return err
	}
	// Beside the distribution: what contains its lib is refused.
	if err := os.Mkdir(filepath.Join(s.dir, "tmp"), 0o755); err != nil {
		return err
	}
	if s.http, err = porttest.Free(); err != nil {
		return err
	}
	if s.transport == 0 {
		if s.transport, err = porttest.Free(); err != nil {
			return err
		}
	}
	s.URL = "http://127.0.0.1:" + strconv.Itoa(s.http)
	var settings []string
	switch {
	case s.product == openSearch: // its distribution has no security
		settings = []string{"cluster.routing.allocation.disk.watermark.enable_for_single_data_node: true"}
	case !s.secured:
		settings = []string{"xpack.security.enabled: false"}
	default:
		s.URL = "https://127.0.0.1:" + strconv.Itoa(s.http)
		if settings, err = s.secure(); err != nil {
			return err
		}
	}
	config := strings.Join(append(append(settings, s.membership()...),
		"cluster.name: logcenter-test", "node.name: "+s.name,
		"path.repo: "+s.Snapshots(),
		"path.data: "+filepath.Join(s.dir, "data"), "path.logs: "+filepath.Join(s.dir, "logs"),
		"network.host: 127.0.0.1", "http.port: "+strconv.Itoa(s.http), "transport.port: "+strconv.Itoa(s.transport),
		"cluster.routing.allocation.disk.threshold_enabled: false", // the disk is not the server's own
		"node.store.allow_mmap: false",                             // needs no vm.max_map_count
		"cluster.info.update.interval: 10s",                        // for tests that set the threshold all the same
		"http.max_content_length: 16mb",                            // it has little memory
		"cluster.max_shards_per_node: 5000", "",
	), "\n")
	conf := s.conf()
	if err := os.WriteFile(filepath.Join(conf, s.product.name+".yml"), []byte(config), 0o644); err != nil {
		return err
	}
	// The stock options write a log of collections and a dump of memory into the working directory.
	stock, err := os.ReadFile(filepath.Join(conf, "jvm.options"))
	if err != nil {
		return err
	}
	left, more := []string{"-Xlog:gc", "HeapDump", "hs_err"}, []string(nil)
	if testing.Testing() && os.Getenv("LOGCENTER_LONG") == "" {
		// A server that lives for a minute never earns back what the optimising compiler costs: half of all its CPU. Nor
		// do a collector of several threads and a heap that is there at once.
		left, more = append(left, "UseG1GC"), []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-AlwaysPreTouch"}
	}
	kept := slices.DeleteFunc(strings.Split(string(stock), "\n"), func(line string) bool {
		return slices.ContainsFunc(left, func(s string) bool { return strings.Contains(line, s) })
	})
	kept = append(kept, more...)
	kept = append(kept, "-Xms"+s.heap(), "-Xmx"+s.heap(), "")
	return os.WriteFile(filepath.Join(conf, "jvm.options"), []byte(strings.Join(kept, "\n")), 0o644)
}

// Run starts the server, again after Kill.
func (s *Server) Run() error {
	s.cmd = exec.Command(filepath.Join(s.dist, "bin", s.product.name))
	s.cmd.Dir = s.dir
	s.cmd.Env = s.product.environment(s.java, filepath.Join(s.dir, "tmp"), s.conf())
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		id, err := s.giveAway()
		if err != nil {
			return err
		}
		s.cmd.SysProcAttr.Credential = id
	}
	logs, err := os.OpenFile(filepath.Join(s.dir, "output.log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer logs.Close() //nolint:errcheck // the server has its own
	s.cmd.Stdout, s.cmd.Stderr = logs, logs
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	return s.wait()
}

// giveAway makes the files those of a user other than root, as whom the servers do not run.
func (s *Server) giveAway() (*syscall.Credential, error) {
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("%w: root cannot run it, and there is no user nobody: %w", ErrMissing, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	err = filepath.Walk(s.dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// wait waits until the server answers.
func (s *Server) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := s.client()
	if err != nil {
		return err
	}
	for {
		if healthy(ctx, c, s.URL) {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %w\n%s", s.product.name, s.err, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not healthy after %s\n%s", s.product.name, startTimeout, s.tail())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// healthy asks as the user, who may not ask for health: that this is told means that all is there.
func healthy(ctx context.Context, c *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_cluster/health", nil)
	if err != nil {
		return false
	}
	if c != http.DefaultClient {
		req.SetBasicAuth(User, Password)
	}
	res, err := c.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(res.Body)
	return err == nil && (res.StatusCode == http.StatusForbidden || strings.Contains(string(body), `"green"`) || strings.Contains(string(body), `"yellow"`))
}

func (s *Server) tail() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "output.log"))
	return string(b[max(0, len(b)-4000):])
}

// Snapshots is the folder in which repositories may be made; empty for a server that was not started here.
func (s *Server) Snapshots() string {
	if s.dir == "" {
		return ""
	}
	return filepath.Join(s.dir, "snapshots")
}

// Put sends JSON, as the user of a secured server; the test fails if it is refused.
func (s *Server) Put(t testing.TB, path, body string) {
	t.Helper()
	if status, answer := s.TryPut(t, path, body); status >= 300 {
		t.Fatalf("PUT %s %s: %d %s", path, body, status, answer)
	}
}

// TryPut is Put of what may be refused.
func (s *Server) TryPut(t testing.TB, path, body string) (status int, answer string) {
	t.Helper()
	c, err := s.client()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.secured {
		req.SetBasicAuth(User, Password)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// OpenSearch says which of the two it is.
func (s *Server) OpenSearch() bool { return s.product == openSearch }

// Own says whether the server was started here and may be killed.
func (s *Server) Own() bool { return s.cmd != nil }

// Kill ends the server as a crash would; [Server.Run] starts it again with its data.
func (s *Server) Kill() error {
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		return err
	}
	<-s.exited
	return nil
}

// Close ends a server that was started here and removes what it has written.
func (s *Server) Close() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-s.exited:
		case <-time.After(stopTimeout):
			_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		}
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
