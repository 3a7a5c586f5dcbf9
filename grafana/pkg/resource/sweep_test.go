package resource_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/grafana/pkg/complete"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/query"
	"github.com/logcenter/logcenter/sdk/query/querytest"
)

// What people have typed, or half typed.
var typed = []string{
	"", " ", "log", "log.level:Error", "NOT log.level:Error", `http.request.method:"GET"  AND -source.ip:10.0.0.0/8`,
	"http.request.method:( OR )", "http.request.method:(GET OR )", "http.request.method:( OR POST)", "( OR )", "()", "(a OR (b AND ))", "NOT (a OR",
	"http.request.method:(GET OR NOT P) x", "a AND AND b", "http.response.status_code:[200 TO 299] b", "http.response.status_code:[ TO ]", "http.response.status_code:{200 TO",
	"http.response.status_code:>= 4", "http.response.status_code:> ", "@timestamp:[now-1h TO now]", "@timestamp:<now", "http.request.method:/^G.T$/i a", "http.request.method:/G",
	`http.request.method:"G`, `"a b" "`, `user_agent.original:"Mozilla/5.0 (X" a`, `host.name:fw\-core\ x`, "source.ip:list(scanners) a", "source.ip:list(", "source.ip:list( ) b",
	"source.ip:(list(sca OR 10.0.0.1)", "登录 AND http.request.method:P 失败", "_exists_:log.level a", "_exists_:", "http.request.method:* ", "http.request.method:G*T", "message:a b",
	"a!b -- +", "2001:db8::1 a", "source.ip:2001:db8::/32", "http.request.method : GET", ": a", "a:b:c", "&& a || b", "a&&http.request.method:G||b", "logcenter.stream:w AND a",
}

// endings are what a text that stops in the middle may go on with.
var endings = []string{"", "x", "5", `"`, "]", "5]", " TO 5]", "/", "x/", "x)", " x", "* TO 5]"}

// finishes says whether a text is the beginning of a query.
func finishes(text string) bool {
	for _, e := range endings {
		for depth := range 5 {
			if _, err := query.Parse(text + e + strings.Repeat(")", depth)); err == nil {
				return true
			}
		}
	}
	return false
}

// Wherever the caret is in a query, right or half typed: suggestions are no error, and what they insert goes on to a query, or
// leaves the one that it was put into right.
func TestSuggestionsEverywhere(t *testing.T) {
	texts := typed
	r := rand.New(rand.NewPCG(9, 10))
	random := 5
	if os.Getenv("LOGCENTER_LONG") != "" {
		random = 300
	}
	for range random {
		text := query.Format(querytest.Node(r, 2))
		texts = append(texts, text, strings.ToValidUTF8(text[:r.IntN(len(text)+1)], ""))
	}
	source := complete.Source{Client: host.Client}
	fields, err := complete.Fields(t.Context(), host.Client, client.Selection{From: client.At(begin), To: client.At(begin.Add(2 * time.Hour))})
	require.NoError(t, err)
	source.Fields = func(context.Context, *client.Client, client.Selection) ([]client.Field, error) { return fields, nil }
	places := 0
	for _, text := range texts {
		_, broken := query.Parse(text)
		for caret := 0; caret <= len(text); caret++ {
			if caret < len(text) && !utf8.RuneStart(text[caret]) {
				continue
			}
			p, items, err := complete.At(t.Context(), source, client.Selection{From: client.At(begin), To: client.At(begin.Add(2 * time.Hour))}, text, caret)
			require.NoError(t, err, "%s|%s", text[:caret], text[caret:])
			require.True(t, p.Start <= caret && caret <= p.End && p.End <= len(text), "%s|%s: %+v", text[:caret], text[caret:], p)
			places++
			begun := finishes(text[:p.Start] + "x")
			kinds := map[string]int{}
			for _, i := range items {
				if kinds[i.Kind]++; kinds[i.Kind] > 3 && i.Kind != "operator" {
					continue
				}
				head := text[:p.Start] + i.Insert
				if begun && !finishes(head) {
					t.Errorf("%s|%s: with the %s %s it is %s, which is the beginning of no query", text[:caret], text[caret:], i.Kind, i.Label, head)
				}
				whole := head + text[p.End:]
				if i.Kind == "field" && strings.HasSuffix(i.Insert, ":") { // its value is to follow
					whole = head + "x" + text[p.End:]
					if rest := text[p.End:]; rest != "" && !strings.ContainsAny(rest[:1], " )\t") {
						whole = head + "x " + rest
					}
				}
				if i.Kind == "operator" || i.Kind == "keyword" || broken != nil {
					continue
				}
				if _, err := query.Parse(whole); err != nil {
					t.Errorf("%s|%s: with the %s %s it is %s: %v", text[:caret], text[caret:], i.Kind, i.Label, whole, err)
				}
			}
		}
	}
	t.Logf("%d places in %d texts", places, len(texts))
}
