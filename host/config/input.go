package config

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/logcenter/logcenter/host/input/decode"
	"github.com/logcenter/logcenter/sdk/schema"
)

// Input is a place where records come in. Exactly one of syslog, file and http says of which kind it is.
type Input struct {
	// Name is unique among the inputs; events carry it as logcenter.input.
	Name string `yaml:"name" required:"true"`
	// Syslog receives syslog messages (RFC 3164, RFC 5424).
	Syslog *SyslogInput `yaml:"syslog"`
	// File follows files as they grow.
	File *FileInput `yaml:"file"`
	// HTTP takes POST requests at /api/v1/ingest/NAME.
	HTTP *HTTPInput `yaml:"http"`

	// Parser is the id of the plugin that parses all of this input's records. Empty asks the plugins' recognisers.
	Parser string `yaml:"parser"`
	// Timezone is the IANA zone of devices that send times without one. Empty leaves it to the parser.
	Timezone string `yaml:"timezone"`
	// Encoding is how senders write: auto takes UTF-8 or else GB18030 for each record; other values are names
	// of the WHATWG Encoding Standard, e.g. gbk, big5, latin1.
	Encoding string `yaml:"encoding" default:"auto"`
	// Tags are put on every event of this input, at most 64.
	Tags []string `yaml:"tags"`
	// MaxRecordBytes bounds a record; what is longer is cut and marked.
	MaxRecordBytes schema.Bytes `yaml:"max_record_bytes" default:"256KiB" min:"1KiB" max:"16MiB"`
	// Multiline joins lines to records. Without it every line is one.
	Multiline *Multiline `yaml:"multiline"`
}

// SyslogInput receives syslog messages.
type SyslogInput struct {
	// UDP is the address and port for datagrams, e.g. 0.0.0.0:514. Empty does not listen.
	UDP string `yaml:"udp"`
	// TCP is the address and port for connections, with newline or octet framing. Empty does not listen.
	TCP string `yaml:"tcp"`
	// TLS secures the TCP port.
	TLS *TLS `yaml:"tls"`
	// MaxConnections bounds open TCP connections; more are refused and counted.
	MaxConnections int `yaml:"max_connections" default:"1024" min:"1" max:"65536"`
	// IdleTimeout closes a TCP connection that has been silent so long; 0 keeps it open.
	IdleTimeout time.Duration `yaml:"idle_timeout" default:"0s"`
	// ReadBuffer is the kernel's buffer for datagrams that the host has not read yet.
	ReadBuffer schema.Bytes `yaml:"read_buffer" default:"8MiB" min:"64KiB" max:"1GiB"`
}

// FileInput follows files.
type FileInput struct {
	// Paths are files or patterns such as /var/log/nginx/*.log. Rotated files are read to their end; names that
	// end in .gz, .bz2, .xz or .zst are left out.
	Paths []string `yaml:"paths" required:"true"`
	// From is where files are begun that are there when the input first runs. Files that appear later are
	// always read from their start.
	From string `yaml:"from" default:"end" enum:"start,end"`
	// Poll is how often files are looked at.
	Poll time.Duration `yaml:"poll" default:"250ms" min:"10ms" max:"1h"`
	// MaxFiles bounds the files followed at once; more are refused and reported.
	MaxFiles int `yaml:"max_files" default:"1024" min:"1" max:"65536"`
}

// HTTPInput takes POST requests with one record a line. Tokens of admins are good for every input; senders
// should have one that is good for nothing else.
type HTTPInput struct {
	// TokenFile is a file with the senders' token.
	TokenFile string `yaml:"token_file"`
	// TokenEnv is an environment variable with the senders' token.
	TokenEnv string `yaml:"token_env"`
	// MaxBodyBytes bounds a request; what is longer is refused as a whole.
	MaxBodyBytes schema.Bytes `yaml:"max_body_bytes" default:"16MiB" min:"1KiB" max:"1GiB"`
}

// Multiline joins lines to records, by start or by indent. A record ends where the next one starts.
type Multiline struct {
	// Start is a regular expression (RE2) that the first line of a record matches, and no other.
	Start string `yaml:"start"`
	// Indent lets lines that begin with a space or tab continue the record before them.
	Indent bool `yaml:"indent" default:"false"`
	// MaxLines bounds a record; what follows becomes a record of its own.
	MaxLines int `yaml:"max_lines" default:"500" min:"2" max:"100000"`
	// Wait is how long a record's next line may take to arrive.
	Wait time.Duration `yaml:"wait" default:"1s" min:"10ms" max:"1m"`
}

// maxTags of one input.
const maxTags = 64

// Addresses of the syslog input that a host without configured inputs has.
const defaultSyslog = "127.0.0.1:5514"

func defaultInputs() []Input {
	syslog, http := Input{Name: "syslog"}, Input{Name: "http"}
	for _, in := range []*Input{&syslog, &http} {
		name := in.Name
		schema.Defaults(in)
		in.Name = name
	}
	syslog.Syslog, http.HTTP = &SyslogInput{}, &HTTPInput{}
	schema.Defaults(syslog.Syslog)
	schema.Defaults(http.HTTP)
	syslog.Syslog.UDP, syslog.Syslog.TCP = defaultSyslog, defaultSyslog
	return []Input{syslog, http}
}

// namePattern is that of inputs and streams: names are part of URLs, files and queries.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return &schema.Error{
			Path: "name", Msg: fmt.Sprintf("%q is no name", name),
			Hint: "1 to 64 lower-case letters, digits, '.', '_' or '-', beginning with a letter or digit",
		}
	}
	return nil
}

// Validate checks what tags cannot say.
func (in *Input) Validate() error {
	if err := checkName(in.Name); err != nil {
		return err
	}
	var kinds []string
	for name, given := range map[string]bool{"syslog": in.Syslog != nil, "file": in.File != nil, "http": in.HTTP != nil} {
		if given {
			kinds = append(kinds, name)
		}
	}
	if len(kinds) != 1 {
		return &schema.Error{
			Msg:  fmt.Sprintf("input %s has %d kinds", in.Name, len(kinds)),
			Hint: "give it exactly one of syslog, file and http",
		}
	}
	if len(in.Tags) > maxTags {
		return &schema.Error{Path: "tags", Msg: fmt.Sprintf("has %d elements", len(in.Tags)), Hint: fmt.Sprintf("at most %d", maxTags)}
	}
	if _, err := decode.New(in.Encoding); err != nil {
		return &schema.Error{Path: "encoding", Msg: err.Error()}
	}
	if in.Timezone != "" {
		if _, err := time.LoadLocation(in.Timezone); err != nil {
			return &schema.Error{
				Path: "timezone", Msg: fmt.Sprintf("there is no time zone %q", in.Timezone),
				Hint: "an IANA name, e.g. Asia/Shanghai",
			}
		}
	}
	return nil
}

// Validate checks what tags cannot say.
func (s *SyslogInput) Validate() error {
	if s.UDP == "" && s.TCP == "" {
		return &schema.Error{Msg: "listens on nothing", Hint: "set udp, tcp or both, e.g. tcp: 0.0.0.0:514"}
	}
	if s.UDP != "" {
		if err := checkAddress("udp", s.UDP); err != nil {
			return err
		}
	}
	if s.TCP != "" {
		return checkAddress("tcp", s.TCP)
	}
	if s.TLS != nil {
		return &schema.Error{Path: "tls", Msg: "needs tcp", Hint: "set tcp, e.g. 0.0.0.0:6514"}
	}
	return nil
}

// Validate checks what tags cannot say.
func (h *HTTPInput) Validate() error {
	if h.TokenFile != "" && h.TokenEnv != "" {
		return &schema.Error{Path: "token_env", Msg: "is one token too many", Hint: "set token_file or token_env"}
	}
	return nil
}

// Validate checks what tags cannot say.
func (m *Multiline) Validate() error {
	if (m.Start != "") == m.Indent {
		return &schema.Error{Msg: "must say how lines are joined", Hint: "set start, or indent to true, not both"}
	}
	if _, err := regexp.Compile(m.Start); err != nil {
		return &schema.Error{Path: "start", Msg: err.Error()}
	}
	return nil
}

// Validate checks what tags cannot say.
func (h *HTTP) Validate() error { return checkAddress("listen", h.Listen) }

// checkAddress says what is wrong with a listener's address.
func checkAddress(key, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(port); err == nil && n >= 0 && n <= 65535 && !strings.ContainsAny(host, " /") {
			return nil
		}
	}
	return &schema.Error{
		Path: key, Msg: fmt.Sprintf("%q is not an address and port", address),
		Hint: "e.g. 127.0.0.1:8080, [::]:514 or :514 for all addresses",
	}
}
