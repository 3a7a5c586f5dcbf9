package loadgen

const passwordBytes = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!@*_-."

// password appends a random password of 10 to 16 characters without separators of any format and
// notes it as a secret. No two are likely to be equal, and none is part of ordinary text.
func (g *Generator) password(dst []byte) []byte {
	start := len(dst)
	for range g.rnd.between(10, 16) {
		dst = append(dst, passwordBytes[g.rnd.below(uint32(len(passwordBytes)))])
	}
	g.secret(Password, dst, start)
	return dst
}

// encodedPassword is password for query strings, where some characters need percent encoding.
func (g *Generator) encodedPassword(dst []byte) []byte {
	start := len(dst)
	for range g.rnd.between(9, 14) {
		if g.rnd.percent(6) {
			dst = append(dst, pick(&g.rnd, encodedPasswordBytes[:])...)
			continue
		}
		dst = append(dst, passwordBytes[g.rnd.below(54)]) // letters and digits only
	}
	g.secret(Password, dst, start)
	return dst
}

var encodedPasswordBytes = [...]string{"%21", "%40", "%23", "%26", "%3D", "%25"}

// cardPrefixes begin the numbers that payment providers publish for tests; nobody holds such a card.
var cardPrefixes = [...]string{"620000", "620550", "400000", "555555"}

// card appends an account number with a valid check digit (ISO/IEC 7812-1) and notes it as a secret.
func (g *Generator) card(dst []byte) []byte {
	start := len(dst)
	prefix := g.rnd.below(uint32(len(cardPrefixes)))
	size := 16
	if prefix < 2 && g.rnd.bits(1) == 1 {
		size = 19
	}
	dst = append(dst, cardPrefixes[prefix]...)
	for len(dst)-start < size-1 {
		dst = append(dst, '0'+byte(g.rnd.below(10)))
	}
	dst = append(dst, luhn(dst[start:]))
	g.secret(Card, dst, start)
	return dst
}

// luhn is the check digit that belongs behind digits.
func luhn(digits []byte) byte {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// regions are codes of provinces with a county number that was never given out.
var regions = [...]string{"110199", "310199", "440199", "510199", "330199", "320199", "420199", "610199"}

// identity appends an ID-card number with a valid check digit (GB 11643) and notes it as a secret.
func (g *Generator) identity(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, pick(&g.rnd, regions[:])...)
	dst = appendUint(dst, g.rnd.between(1950, 2006))
	dst = append(dst, pair(g.rnd.between(1, 12))...)
	dst = append(dst, pair(g.rnd.between(1, 28))...)
	dst = appendPadded(dst, g.rnd.below(1000), 3)
	dst = append(dst, identityCheck(dst[start:]))
	g.secret(Identity, dst, start)
	return dst
}

// identityCheck is the check character that belongs behind 17 digits.
func identityCheck(digits []byte) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(digits[i]-'0')
	}
	return "10X98765432"[sum%11]
}
