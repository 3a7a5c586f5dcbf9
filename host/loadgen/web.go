package loadgen

import "net/url"

// page is what a browser asks a web server for.
type page struct {
	path  string
	query queryKind
	bits  uint // magnitude of the answer's size
}

// queryKind is what follows a path.
type queryKind uint8

const (
	noQuery queryKind = iota
	pageQuery
	searchQuery
	loginQuery
	cardQuery
	identityQuery
	orderQuery
)

var pages = [...]page{
	{"/", noQuery, 14},
	{"/index.html", noQuery, 14},
	{"/static/js/app.3f9c1d.js", noQuery, 19},
	{"/static/css/main.8ab2.css", noQuery, 16},
	{"/static/img/logo.png", noQuery, 15},
	{"/favicon.ico", noQuery, 12},
	{"/api/v1/accounts", pageQuery, 12},
	{"/api/v1/notices", pageQuery, 13},
	{"/api/v1/rates", noQuery, 11},
	{"/healthz", noQuery, 5},
	{"/api/v1/orders", orderQuery, 12},
	{"/product/list", pageQuery, 14},
	{"/search", searchQuery, 13},
	{"/branch/query", searchQuery, 12},
	{"/api/v1/session/keepalive", noQuery, 6},
	{escape("/公告/2026年第三季度报告.pdf"), noQuery, 21},
	{escape("/理财产品/稳健型"), pageQuery, 14},
	{"/help/faq.html", noQuery, 14},
}

// privatePages put secrets into the query, as badly written applications do.
var privatePages = [...]page{
	{"/login", loginQuery, 10},
	{"/app/auth", loginQuery, 10},
	{"/api/v1/transfer", cardQuery, 11},
	{"/api/v1/balance", cardQuery, 11},
	{"/api/v1/customer", identityQuery, 12},
}

func escape(path string) string {
	return (&url.URL{Path: path}).EscapedPath()
}

// searches are what customers look for, percent-encoded.
var searches = func() []string {
	words := []string{
		"贷款利率", "信用卡 申请", "附近网点", "理财产品", "登录失败", "转账限额", "外汇牌价", "大额存单",
		"mortgage calculator", "open account", "swift code",
	}
	for i, w := range words {
		words[i] = url.QueryEscape(w)
	}
	return words
}()

var (
	referers = [...]string{
		"-", "-", "https://www.bank.example/", "https://www.bank.example/product/list", "https://app03.bank.example/",
		"https://app17.bank.example/home", "https://app42.bank.example/login", "https://search.example.com/?q=%E9%93%B6%E8%A1%8C",
	}
	agents = [...]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
		"Mozilla/5.0 (Linux; Android 15; zh-cn) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
		"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
		"BankApp/6.2.1 (iOS; zh-CN)", "okhttp/4.12.0", "kube-probe/1.33", "curl/8.14.1",
	}
	methods = [...]string{"GET", "GET", "GET", "POST"}
)

// status draws an answer as a healthy site gives them.
func (g *Generator) status() uint32 {
	switch n := g.rnd.below(1000); {
	case n < 880:
		return 200
	case n < 930:
		return 304
	case n < 955:
		return 302
	case n < 978:
		return 404
	case n < 988:
		return 403
	case n < 993:
		return 499
	case n < 997:
		return 502
	default:
		return 500
	}
}

// webLine makes one access line of a web server.
func (g *Generator) webLine(dst []byte) []byte {
	if dst, ok := g.requests.next(g, dst); ok {
		return dst
	}
	from := g.outside()
	if g.rnd.bits(2) == 0 {
		from = g.client()
	}
	p := &pages[g.rnd.skewed(uint32(len(pages)))]
	if g.rnd.percent(4) {
		p = &privatePages[g.rnd.below(uint32(len(privatePages)))]
	}
	method := "GET"
	if p.query != noQuery {
		method = pick(&g.rnd, methods[:])
	}
	dst = g.webHead(dst, from, method)
	dst = append(dst, p.path...)
	dst = g.query(dst, p.query)
	dst = append(dst, ` HTTP/1.1" `...)
	return g.webTail(dst, g.status(), g.rnd.magnitude(4, p.bits), pick(&g.rnd, agents[:]))
}

// webHead appends a line up to the path.
func (g *Generator) webHead(dst []byte, from ip, method string) []byte {
	g.line.Host = pick(&g.rnd, webHosts[:])
	dst = appendIP(dst, from)
	dst = append(dst, " - "...)
	if g.rnd.percent(5) {
		dst = g.person(dst)
	} else {
		dst = append(dst, '-')
	}
	dst = append(dst, " ["...)
	dst = g.clock.appendHTTP(dst)
	dst = append(dst, `] "`...)
	dst = append(dst, method...)
	return append(dst, ' ')
}

// webTail appends a line from the status on.
func (g *Generator) webTail(dst []byte, status, size uint32, agent string) []byte {
	dst = appendUint(dst, status)
	dst = append(dst, ' ')
	if status == 304 || status == 499 {
		size = 0
	}
	dst = appendUint(dst, size)
	dst = append(dst, ` "`...)
	dst = append(dst, pick(&g.rnd, referers[:])...)
	dst = append(dst, `" "`...)
	dst = append(dst, agent...)
	dst = append(dst, `" `...)
	// Half of the requests take under 32 ms, one in thirty over a second.
	millis := g.rnd.magnitude(1, 10)
	if status == 502 || g.rnd.percent(3) {
		millis += 1000
	}
	dst = appendUint(dst, millis/1000)
	dst = append(dst, '.')
	return appendPadded(dst, millis%1000, 3)
}

func (g *Generator) query(dst []byte, kind queryKind) []byte {
	switch kind {
	case pageQuery:
		dst = append(dst, "?page="...)
		dst = appendUint(dst, 1+g.rnd.skewed(40))
		return append(dst, "&size=20"...)
	case searchQuery:
		dst = append(dst, "?q="...)
		return append(dst, pick(&g.rnd, searches)...)
	case orderQuery:
		dst = append(dst, "?orderNo=DD"...)
		return appendPadded(dst, g.rnd.bits(26), 9)
	case loginQuery:
		dst = append(dst, "?user="...)
		dst = g.person(dst)
		dst = append(dst, "&password="...)
		dst = g.encodedPassword(dst)
		return append(dst, "&remember=1"...)
	case cardQuery:
		dst = append(dst, "?cardNo="...)
		dst = g.card(dst)
		dst = append(dst, "&amount="...)
		dst = appendUint(dst, g.rnd.magnitude(4, 16))
		return append(dst, ".00"...)
	case identityQuery:
		dst = append(dst, "?name="...)
		dst = append(dst, pick(&g.rnd, customers)...)
		dst = append(dst, "&idcard="...)
		return g.identity(dst)
	default:
		return dst
	}
}

// customers are made-up names, percent-encoded.
var customers = func() []string {
	names := []string{"张小明", "李晓红", "王建国", "赵丽", "陈思远", "刘一帆", "周静怡", "吴昊"}
	for i, n := range names {
		names[i] = url.QueryEscape(n)
	}
	return names
}()
