package loadgen

import "net/netip"

// addresses are the two sides of the bank's border: 10/8 inside, everything else outside.
type addresses struct {
	public bool
	seed   uint64
}

// ip is an IPv4 address, first octet in the highest bits.
type ip uint32

func ipOf(a, b, c, d byte) ip {
	return ip(a)<<24 | ip(b)<<16 | ip(c)<<8 | ip(d)
}

func (at ip) addr() netip.Addr {
	return netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)})
}

const (
	clients = 6000    // inside machines that people use
	servers = 120     // inside machines that serve
	peers   = 200_000 // outside addresses, when drawn from the public space
)

// client is a desktop or branch machine in 10.16/16 or 10.17/16.
func (g *Generator) client() ip {
	n := g.rnd.skewed(clients)
	return ipOf(10, byte(16+n/3000), byte(n%3000/250), byte(1+n%250))
}

// server is an application or database machine in 10.2.0/24 and 10.3.0/24.
func (g *Generator) server() ip {
	n := g.rnd.skewed(servers)
	return ipOf(10, byte(2+n&1), 0, byte(11+n/2))
}

// documentation are the ranges of RFC 5737.
var documentation = [...]ip{ipOf(192, 0, 2, 0), ipOf(198, 51, 100, 0), ipOf(203, 0, 113, 0)}

// outside is an address of the Internet.
func (g *Generator) outside() ip {
	if !g.addr.public {
		n := g.rnd.skewed(3 * 254)
		return documentation[n%3] + ip(1+n/3)
	}
	return g.addr.peer(uint64(g.rnd.skewed(peers)))
}

// peer is the n-th outside address of the public space.
func (a *addresses) peer(n uint64) ip {
	for x := a.seed ^ n*0x9e3779b97f4a7c15; ; x++ {
		// The finaliser of splitmix64 spreads neighbouring numbers over the whole space.
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		if at := ip(z >> 32); isPublic(at) {
			return at
		}
	}
}

// isPublic leaves out what the IANA special-purpose registry (RFC 6890) keeps from the public space.
func isPublic(at ip) bool {
	a, b := byte(at>>24), byte(at>>16)
	switch {
	case a == 0, a == 10, a == 127, a >= 224:
		return false
	case a == 100 && b&0xc0 == 64, a == 169 && b == 254, a == 172 && b&0xf0 == 16:
		return false
	case a == 192 && (b == 0 || b == 31 || b == 52 || b == 88 || b == 168 || b == 175):
		return false
	case a == 198 && (b == 18 || b == 19 || b == 51), a == 203 && b == 0:
		return false
	}
	return byte(at) != 0 && byte(at) != 255
}

// octets is 0 … 255 in decimal.
var octets = func() (text [256]string) {
	for i := range text {
		text[i] = string(appendUint(nil, uint32(i)))
	}
	return text
}()

func appendIP(dst []byte, at ip) []byte {
	dst = append(append(dst, octets[byte(at>>24)]...), '.')
	dst = append(append(dst, octets[byte(at>>16)]...), '.')
	dst = append(append(dst, octets[byte(at>>8)]...), '.')
	return append(dst, octets[byte(at)]...)
}

// ephemeral is the port of a client (RFC 6335).
func (g *Generator) ephemeral() uint32 {
	return g.rnd.between(49152, 65535)
}
