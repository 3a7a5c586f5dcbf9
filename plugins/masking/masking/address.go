package main

// private says whether text begins like an address of RFC 1918.
func private(text []byte) bool {
	switch {
	case has(text, "10."), has(text, "192.168."):
		return true
	case has(text, "172.") && len(text) > 6 && text[6] == '.':
		return text[4] == '1' && text[5] >= '6' && text[5] <= '9' || text[4] == '2' && digit(text[5]) || text[4] == '3' && (text[5] == '0' || text[5] == '1')
	}
	return false
}

// address hides the private address at start and returns where it ends; where any other numbers with dots between them
// end, if they are at start.
func (p *pass) address(start int) (end int) {
	text := p.text
	i, numbers := start, 0
	whole := start == 0 || text[start-1] != '.' && (!alnum(text[start-1]) || escaped(text, start))
	for {
		first, n := i, 0
		for i < len(text) && digit(text[i]) && i-first < 4 {
			n = 10*n + int(text[i]-'0')
			i++
		}
		if i == first || n > 255 || i-first > 3 {
			whole = false
			break
		}
		numbers++
		end = i
		if i+1 >= len(text) || text[i] != '.' || !digit(text[i+1]) {
			break
		}
		i++
	}
	if whole && numbers == 4 && private(text[start:]) && (end == len(text) || !alnum(text[end])) {
		p.hide(ruleInternalIP, start, end)
		return end
	}
	if numbers < 4 {
		return 0
	}
	return end
}
