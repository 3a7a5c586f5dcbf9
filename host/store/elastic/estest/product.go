package estest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// product is what tells one kind of server from the other.
type product struct {
	name     string // of the program, its archive and its configuration
	group    string // of the archive at Maven Central
	version  string
	jdk      int    // the oldest that runs it
	prefix   string // of its environment variables
	variable string // with the address of a server to use instead
}

var (
	elasticsearch = product{
		name: "elasticsearch", group: "org.elasticsearch", version: "8.19.21", jdk: 17, prefix: "ES_",
		variable: "LOGCENTER_TEST_ELASTICSEARCH",
	}
	openSearch = product{
		name: "opensearch", group: "org.opensearch", version: "3.6.0", jdk: 21, prefix: "OPENSEARCH_",
		variable: "LOGCENTER_TEST_OPENSEARCH",
	}
)

// fetch is the archive's path. Maven loads it once. It is empty if [HomeVariable] names a distribution.
func (p product) fetch() (string, error) {
	if p.home() != "" {
		return "", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	group := p.group + ".distribution.integ-test-zip"
	zip := filepath.Join(home, ".m2/repository", strings.ReplaceAll(group, ".", "/"), p.name, p.version, p.name+"-"+p.version+".zip")
	if _, err := os.Stat(zip); err == nil {
		return zip, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", fmt.Errorf("%w: install Maven: %w", ErrMissing, err)
	}
	out, err := exec.Command("mvn", "-q", "-B", "dependency:get", "-Dtransitive=false",
		"-Dartifact="+group+":"+p.name+":"+p.version+":zip").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: mvn: %w: %s", ErrMissing, err, out)
	}
	return zip, nil
}

// HomeVariable names an environment variable with the folder of an unpacked Elasticsearch to use instead of the one from
// Maven Central. It is not written to.
const HomeVariable = "ELASTICSEARCH_HOME"

func (p product) home() string {
	if p != elasticsearch {
		return ""
	}
	return os.Getenv(HomeVariable)
}

// java is the folder of a JDK that runs the server: the one in the path if it is new enough, else the first of those
// where Linux keeps them.
func (p product) java() (string, error) {
	var homes []string
	if path, err := exec.LookPath("java"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		homes = append(homes, filepath.Dir(filepath.Dir(path)))
	}
	installed, err := filepath.Glob("/usr/lib/jvm/*")
	if err != nil {
		return "", err
	}
	for _, home := range append(homes, installed...) {
		if v, err := javaVersion(home); err == nil && v >= p.jdk {
			return home, nil
		}
	}
	return "", fmt.Errorf("%w: %s needs a JDK of version %d or later, in the path or in /usr/lib/jvm", ErrMissing, p.name, p.jdk)
}

var errNoVersion = errors.New("no JAVA_VERSION")

// javaVersion is what the file that every JDK has says, e.g. 17 of "17.0.15".
func javaVersion(home string) (int, error) {
	b, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(b), "\n") {
		if v, ok := strings.CutPrefix(line, `JAVA_VERSION="`); ok {
			v, _, _ = strings.Cut(v, ".")
			return strconv.Atoi(strings.TrimSuffix(v, `"`))
		}
	}
	return 0, errNoVersion
}

// environment is the process's own, but for what servers read, and with what this one must.
func (p product) environment(java, tmp, conf string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "JAVA_") && !strings.HasPrefix(v, p.prefix) {
			env = append(env, v)
		}
	}
	return append(env, p.prefix+"JAVA_HOME="+java, p.prefix+"TMPDIR="+tmp, p.prefix+"PATH_CONF="+conf,
		"CLI_JAVA_OPTS=-XX:TieredStopAtLevel=1") // of the program that starts Elasticsearch, and lives for two seconds
}
