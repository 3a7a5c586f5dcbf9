package loadgen

// The bank's machines and people. None of them exists.

// firewalls write most of the firewall lines.
var firewalls = [...]string{
	"fw-core-01", "fw-core-02", "fw-dmz-01", "fw-dmz-02", "fw-office-01", "fw-vpn-01",
	"fw-branch-01", "fw-branch-02", "fw-branch-03", "fw-branch-04", "fw-branch-05", "fw-branch-06",
}

// appHosts are the application machines app01 to app99, whose own firewall agents write the other lines.
var appHosts = func() (names [99]string) {
	for i := range names {
		names[i] = "app" + pair(uint32(i+1))
	}
	return names
}()

// webHosts are the web servers; a web line's host is in the path of its file.
var webHosts = [...]string{"web-01", "web-02", "web-03", "web-04", "web-05", "web-06"}

// ipsHosts are the intrusion prevention systems; their lines do not say which one wrote them.
var ipsHosts = [...]string{"ips-01", "ips-02"}

// wafHost is the web application firewall in front of the web servers.
const wafHost = "waf-01.bank.example"

// admin appends the account of a device administrator.
func (g *Generator) admin(dst []byte) []byte {
	dst = append(dst, "admin"...)
	return appendPadded(dst, 1+g.rnd.skewed(300), 3)
}

var (
	surnames = [...]string{
		"wang", "li", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun",
		"ma", "zhu", "hu", "guo", "he", "gao", "lin", "luo", "zheng", "liang", "xie", "song",
	}
	givenNames = [...]string{
		"wei", "fang", "na", "min", "jing", "qiang", "lei", "jun", "yang", "yong", "yan", "jie",
		"juan", "tao", "ming", "chao", "xia", "ping", "gang", "hua", "xin", "bo", "ting", "rui",
	}
)

// person appends the account of a made-up employee or customer, such as chenjing17.
func (g *Generator) person(dst []byte) []byte {
	dst = append(dst, pick(&g.rnd, surnames[:])...)
	dst = append(dst, pick(&g.rnd, givenNames[:])...)
	return appendUint(dst, g.rnd.skewed(100))
}
