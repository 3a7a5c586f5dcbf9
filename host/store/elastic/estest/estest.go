// Package estest starts a real Elasticsearch for tests: the distribution that its own integration tests use, which
// Maven Central has. It lacks many modules, such as scripts and the analysers; what runs on it runs on the whole.
package estest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Version is the one that is started.
const Version = "8.19.21"

// URLVariable names an environment variable with the address of a server to use instead. Tests make and remove indices
// there whose names begin with lctest.
const URLVariable = "LOGCENTER_TEST_ELASTICSEARCH"

const (
	startTimeout = 3 * time.Minute
	stopTimeout  = 20 * time.Second
)

// errMissing means that the machine cannot start a server.
var errMissing = errors.New("no real Elasticsearch here")

// Server is one Elasticsearch node.
type Server struct {
	URL string

	dir, dist string
	secured   bool
	http      int
	transport int
	cmd       *exec.Cmd
	exited    chan struct{} // closed when it ended; err says how
	err       error
}

// Main runs a package's tests and exits. The server of [Shared] is started at first use, so that tests that need none
// run without it; where none can be started, tests that ask for one are skipped with a loud line, and fail if CI=true.
func Main(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.remove()
	}
	os.Exit(code)
}

var (
	shared    *Server
	sharedErr error
)

// Shared is the server of the test binary, which must end by [Main]. Tests that use it do not run in parallel.
func Shared(t testing.TB) *Server {
	t.Helper()
	if shared == nil && sharedErr == nil {
		shared, sharedErr = Start()
	}
	if sharedErr != nil {
		giveUp(t, sharedErr)
	}
	return shared
}

func giveUp(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" || !errors.Is(err, errMissing) {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "\n*** SKIPPED, %s: %v ***\n\n", t.Name(), err)
	t.Skip(err)
}

// Start starts a server, or names the one of [URLVariable].
func Start() (*Server, error) {
	if url := os.Getenv(URLVariable); url != "" {
		return &Server{URL: url}, nil
	}
	return start(false)
}

func start(secured bool) (*Server, error) {
	dist, err := fetch()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "logcenter-es-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, secured: secured}
	if err := s.prepare(dist); err != nil {
		s.remove()
		return nil, err
	}
	if err := s.Run(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// fetch is the archive's path. Maven loads it once.
func fetch() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	zip := filepath.Join(home, ".m2/repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch", Version, "elasticsearch-"+Version+".zip")
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("%w: install a JDK of version 17 or later: %w", errMissing, err)
	}
	if _, err := os.Stat(zip); err == nil {
		return zip, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", fmt.Errorf("%w: install Maven: %w", errMissing, err)
	}
	out, err := exec.Command("mvn", "-q", "-B", "dependency:get", "-Dtransitive=false",
		"-Dartifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:"+Version+":zip").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: mvn: %w: %s", errMissing, err, out)
	}
	return zip, nil
}

// prepare unpacks and configures.
func (s *Server) prepare(zip string) error {
	if err := unzip(zip, s.dir); err != nil {
		return err
	}
	s.dist = filepath.Join(s.dir, "elasticsearch-"+Version)
	// Beside the distribution: what contains its lib is refused.
	err := os.Mkdir(filepath.Join(s.dir, "tmp"), 0o755)
	if err != nil {
		return err
	}
	if s.http, err = freePort(); err != nil {
		return err
	}
	if s.transport, err = freePort(); err != nil {
		return err
	}
	s.URL = "http://127.0.0.1:" + strconv.Itoa(s.http)
	security := []string{"xpack.security.enabled: false"}
	if s.secured {
		s.URL = "https://127.0.0.1:" + strconv.Itoa(s.http)
		if security, err = s.secure(); err != nil {
			return err
		}
	}
	config := strings.Join(append(security,
		"cluster.name: logcenter-test", "node.name: n1", "discovery.type: single-node",
		"path.repo: "+s.Snapshots(),
		"path.data: "+filepath.Join(s.dir, "data"), "path.logs: "+filepath.Join(s.dir, "logs"),
		"network.host: 127.0.0.1", "http.port: "+strconv.Itoa(s.http), "transport.port: "+strconv.Itoa(s.transport),
		"cluster.routing.allocation.disk.threshold_enabled: false", // the disk is not the server's own
		"node.store.allow_mmap: false",                             // needs no vm.max_map_count
		"cluster.max_shards_per_node: 5000", "",
	), "\n")
	conf := filepath.Join(s.dist, "config")
	if err := os.WriteFile(filepath.Join(conf, "elasticsearch.yml"), []byte(config), 0o644); err != nil {
		return err
	}
	// The stock options write a log of collections and a dump of memory into the working directory.
	stock, err := os.ReadFile(filepath.Join(conf, "jvm.options"))
	if err != nil {
		return err
	}
	var kept []string
	for _, line := range strings.Split(string(stock), "\n") {
		if !strings.Contains(line, "-Xlog:gc") && !strings.Contains(line, "HeapDump") && !strings.Contains(line, "hs_err") {
			kept = append(kept, line)
		}
	}
	kept = append(kept, "-Xms512m", "-Xmx512m", "")
	return os.WriteFile(filepath.Join(conf, "jvm.options"), []byte(strings.Join(kept, "\n")), 0o644)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it only found a number
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Run starts the server, again after Kill.
func (s *Server) Run() error {
	s.cmd = exec.Command(filepath.Join(s.dist, "bin", "elasticsearch"))
	s.cmd.Dir = s.dir
	s.cmd.Env = append(withoutJava(), "ES_JAVA_HOME="+javaHome(), "ES_TMPDIR="+filepath.Join(s.dir, "tmp"))
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

// giveAway makes the files those of a user other than root, as whom Elasticsearch does not run.
func (s *Server) giveAway() (*syscall.Credential, error) {
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("%w: root cannot run it, and there is no user nobody: %w", errMissing, err)
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

// javaHome is that of the java in the path: Elasticsearch wants a folder.
func javaHome() string {
	path, err := exec.LookPath("java")
	if err != nil {
		return ""
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return filepath.Dir(filepath.Dir(path))
}

func withoutJava() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "JAVA_") && !strings.HasPrefix(v, "ES_") {
			env = append(env, v)
		}
	}
	return env
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
			return fmt.Errorf("Elasticsearch ended: %w\n%s", s.err, s.tail()) //nolint:staticcheck // a name
		case <-ctx.Done():
			return fmt.Errorf("Elasticsearch is not healthy after %s\n%s", startTimeout, s.tail()) //nolint:staticcheck // a name
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

func (s *Server) remove() {
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
