package config

import (
	"fmt"
	"strings"

	"github.com/logcenter/logcenter/sdk/schema"
)

// exampleWidth is how long the lines of comments become.
const exampleWidth = 100

// samples shows, for keys without a default, what could stand there; the text is YAML at the key's indent.
var samples = map[string]string{
	"http.tls": `
cert_file: /etc/logcenter/tls.crt
key_file: /etc/logcenter/tls.key`,
	"journal.raw.key_file":   ` /etc/logcenter/journal.key`,
	"journal.event.key_file": ` /etc/logcenter/journal.key`,
	"inputs": `
- name: syslog
  syslog:
    udp: 127.0.0.1:5514
    tcp: 127.0.0.1:5514
- name: http
  http: {}
- name: branch-firewalls
  encoding: gb18030
  timezone: Asia/Shanghai
  syslog:
    udp: 0.0.0.0:514
    tcp: 0.0.0.0:514
- name: web
  parser: nginx
  file:
    paths: [/var/log/nginx/access.log]
    from: start
- name: application
  http:
    token_file: /etc/logcenter/application.token
  multiline:
    start: '^\d{4}-\d\d-\d\d '`,
	"store.elasticsearch": `
addresses: ["https://es1:9200", "https://es2:9200"]
username: logcenter
password_file: /etc/logcenter/elasticsearch.password
ca_file: /etc/logcenter/elasticsearch-ca.pem`,
	"retention.policy": `
- device_type: firewall
  log_type: attack
  online_days: 180
  archive_years: 5
- device_type: door
  log_type: badge
  online_days: 30
  archive_years: 1`,
	"archive.directory": ` /mnt/archive/logcenter`,
	"archive.s3": `
endpoint: https://s3.example.com
bucket: logcenter-archive
access_key_file: /etc/logcenter/s3.access
secret_key_file: /etc/logcenter/s3.secret`,
	"plugins.dirs": ` [/usr/lib/logcenter/plugins]`,
	"plugins.settings": `
geoip:
  transport: socket
asset:
  enabled: false
acmefw:
  grant: {network: ["api.acme.example:443"]}
  limits: {memory: 2GiB}`,
	"plugins.trust.keys": `
- name: acme
  public_key: RWQTY2Tdo9QX3qRuN3wAmUwjm0sknaTe6OnsaEc4na6i29cAx6O2rjaR
  trusted: true`,
	"classification": `
- name: switch-faults
  query: log.syslog.appname:switch AND (Fail OR Bad OR Error) AND observer.type:server
  set: {log_type: error, dataset: switch.fault, category: [network], level: Error, priority: 2}`,
	"alerts.routes": `
- name: network
  match: {severity: [Error, Fatal], fields: {asset.owner: netops}}
  to: [smtp/netops]
  continue: true
- name: everything-else
  to: [syslog]`,
	"alerts.escalations": `
- name: shift-lead
  match: {priority: 2}
  after: 15m
  to: [smtp/lead]
  repeat: 30m`,
	"alerts.channels": `
smtp/netops:
  rate: 60/m
  quiet_hours: [{from: "22:00", to: "07:00", timezone: Asia/Shanghai}]`,
	"streams": `
- name: ips-errors
  query: observer.type:ips AND log.level:(Error OR Fatal)
  description: what the intrusion prevention systems hold for serious`,
}

// Example is a file with all keys, their descriptions and their defaults, everything commented out that has
// no default. It loads as it stands and equals [Default].
func Example() []byte {
	t, err := schema.Describe(Config{}, docs)
	if err != nil {
		panic(err) // a test describes it
	}
	e := example{}
	e.line("", "# "+"Configuration of Logcenter. What is left out has the default shown here;")
	e.line("", "# keys without a default are commented out, with an example. Check changes with `logcenter validate`.")
	e.object("", "", t)
	return []byte(e.out.String())
}

type example struct{ out strings.Builder }

func (e *example) line(indent, text string) {
	e.out.WriteString(strings.TrimRight(indent+text, " ") + "\n")
}

func (e *example) object(indent, path string, t *schema.Type) {
	for _, f := range t.Fields {
		at := schema.Key(path, f.Name)
		if indent == "" {
			e.out.WriteString("\n")
		}
		for _, l := range wrapped(said(f), exampleWidth-len(indent)) {
			e.line(indent, "# "+l)
		}
		sample, sampled := samples[at]
		switch {
		case f.Defaults && f.Default != "":
			e.line(indent, f.Name+": "+f.Default)
		case sampled:
			e.commented(indent, f.Name+":"+sample)
		case f.Type.Kind == schema.Object && !f.Type.Optional:
			head := f.Name + ":"
			if !anyDefault(f.Type) {
				head = "#" + head // or it would have no value
			}
			e.line(indent, head)
			e.object(indent+"  ", at, f.Type)
		default:
			e.line(indent, "#"+f.Name+":")
		}
		e.elements(indent, f)
	}
}

// anyDefault says whether a line of an object's example is none of a comment.
func anyDefault(t *schema.Type) bool {
	for _, f := range t.Fields {
		if f.Defaults && f.Default != "" || f.Type.Kind == schema.Object && !f.Type.Optional && anyDefault(f.Type) {
			return true
		}
	}
	return false
}

// said is a field's description with the values it can have.
func said(f schema.Field) string {
	var more []string
	if f.Enum != nil {
		more = append(more, "One of "+strings.Join(f.Enum, ", ")+".")
	}
	switch {
	case f.Min != "" && f.Max != "":
		more = append(more, fmt.Sprintf("From %s to %s.", f.Min, f.Max))
	case f.Min != "":
		more = append(more, fmt.Sprintf("At least %s.", f.Min))
	case f.Max != "":
		more = append(more, fmt.Sprintf("At most %s.", f.Max))
	}
	if f.Required {
		more = append(more, "Required.")
	}
	return strings.Join(append([]string{f.Doc}, more...), " ")
}

// commented writes text, indented two columns from its second line on, behind #.
func (e *example) commented(indent, text string) {
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			l = "  " + l
		}
		e.line(indent, "#"+l)
	}
}

// elements lists the keys of what a list, map or optional section holds.
func (e *example) elements(indent string, f schema.Field) {
	element := f.Type
	for element.Elem != nil {
		element = element.Elem
	}
	if element.Kind != schema.Object || element == f.Type && !f.Type.Optional {
		return
	}
	e.line(indent, "#")
	e.line(indent, "# Keys of "+f.Name+":")
	e.keys(indent, "  ", element)
}

func (e *example) keys(indent, deeper string, t *schema.Type) {
	for _, f := range t.Fields {
		head := f.Name
		if f.Defaults && f.Default != "" {
			head += ": " + f.Default
		}
		e.line(indent, "# "+deeper+head)
		for _, l := range wrapped(said(f), exampleWidth-len(indent)-len(deeper)-4) {
			e.line(indent, "# "+deeper+"    "+l)
		}
		element := f.Type
		for element.Elem != nil {
			element = element.Elem
		}
		if element.Kind == schema.Object {
			e.keys(indent, deeper+"  ", element)
		}
	}
}

// wrapped breaks text into lines of at most width characters, where words permit.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width-2 {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
