package query_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

func TestRegexKeyword(t *testing.T) {
	f := func(expr, lucene, literals string, matches, others []string) {
		t.Helper()
		e, fold := strings.CutSuffix(expr, "/i")
		p, err := (&query.Regex{Expr: e, Fold: fold}).Compile(ecs.Keyword)
		require.NoError(t, err, expr)
		assert.Equal(t, lucene, p.Lucene(), expr)
		assert.Equal(t, literals, strings.Join(p.Literals(), "|"), expr)
		for i, v := range append(matches, others...) {
			want := i < len(matches)
			assert.Equal(t, want, p.Match([]byte(v)), "%s on %q", expr, v)
			assert.Equal(t, want, regexp.MustCompile(p.RE2()).MatchString(v), "%s as %s on %q", expr, p.RE2(), v)
			assert.Equal(t, want, luceneMatch(t, p, v), "%s as %s on %q", expr, p.Lucene(), v)
		}
	}
	type s = []string
	f("app[0-2][0-9]", ".*app[0-2][0-9].*", "app", s{"app00", "xapp19.bank"}, s{"app30", "APP00", ""})
	f("^app[0-2][0-9]$", "app[0-2][0-9]", "app", s{"app00"}, s{"xapp00", "app000"})
	f("^app", "app.*", "app", s{"app", "apple"}, s{"snapp"})
	f("app$", ".*app", "app", s{"app", "snapp"}, s{"apple"})
	f("^a|b$", "(a.*|.*b)", "a|b", s{"ax", "xb"}, s{"xax", "bx"})
	f("^(a|b)c", "[ab]c.*", "c", s{"ac", "bcd"}, s{"xac"})
	f("(^a$|^b)", "(a|b.*)", "a|b", s{"a", "bb"}, s{"aa"})
	f("^$", "()", "", s{""}, s{"a"})
	f("^", ".*", "", s{"", "a"}, nil)
	f(".*", ".*", "", s{"", "a", "\n"}, nil)
	f("^.*$", ".*", "", s{"", "a\nb"}, nil)
	f(".*fail.*", ".*fail.*", "fail", s{"a fail b"}, s{"Fail"})
	f("a.b", ".*a.b.*", "a", s{"a\nb", "a失b"}, s{"ab"})
	f(`\d+\.\d`, `.*[0-9]+\.[0-9].*`, ".", s{"1.5"}, s{"1x5"})
	f(`[^a-z\s]`, ".*[^\t\n\f\r a-z].*", "", s{"aA", "失"}, s{"abc", "a b"})
	f("(ab|cd){2,3}x?", ".*(ab|cd){2,3}x?.*", "ab|cd", s{"abcd"}, s{"ab"})
	f("(?:Fail|Bad|Error)", ".*(Fail|Bad|Error).*", "Bad|Error|Fail", s{"is Bad"}, s{"bad"})
	f("[Ff]ail", ".*[Ff]ail.*", "ail", s{"fail", "Fail"}, s{"FAIL"})
	f(`"~&@#<>`, `.*\"\~\&\@\#\<\>.*`, `"~&@#<>`, s{`x"~&@#<>y`}, s{""})
	f(`C:\\x`, `.*C\:\\x.*`, `C:\x`, s{`C:\x`}, s{"C:x"})
	f("登录[失成]", ".*登录[失成].*", "登录", s{"用户登录失败"}, s{"登录"})
	f("a{3}", ".*a{3}.*", "a", s{"aaa"}, s{"aa"})
	f("(a+)+", ".*(a+)+.*", "a", s{"a"}, s{"b"})
	f("(ab)*c", ".*(ab)*c.*", "c", s{"ababc", "c"}, s{"ab"})

	// In any case: the literals are for nobody who looks for them in theirs.
	f(`\\cmd\.exe$/i`, `.*\\[Cc][Mm][Dd]\.[Ee][Xx][Ee]`, "", s{`C:\CMD.exe`, `\cmd.EXE`}, s{`C:\cmd.exe.bak`, "cmd.exe"})
}

// luceneMatch emulates Lucene: the expression has to match the whole value and has no anchors.
func luceneMatch(t *testing.T, p *query.Pattern, v string) bool {
	t.Helper()
	re, err := regexp.Compile("^(?s:" + p.Lucene() + ")$")
	require.NoError(t, err)
	return re.MatchString(v)
}

func TestRegexText(t *testing.T) {
	f := func(expr, lucene, literals string, matches, others []string) {
		t.Helper()
		p, err := query.CompileRegex(expr, ecs.Text)
		require.NoError(t, err, expr)
		if lucene != "" {
			assert.Equal(t, lucene, p.Lucene(), expr)
		}
		assert.Equal(t, literals, strings.Join(p.Literals(), "|"), expr)
		for i, v := range append(matches, others...) {
			want := i < len(matches)
			assert.Equal(t, want, p.MatchText([]byte(v)), "%s on %q", expr, v)
			assert.Equal(t, want, regexp.MustCompile(p.RE2()).MatchString(v), "%s as %s on %q", expr, p.RE2(), v)
			found := false
			for _, tok := range query.Tokenize(v) {
				found = found || luceneMatch(t, p, tok)
			}
			assert.Equal(t, want, found, "%s as %s on %q", expr, p.Lucene(), v)
		}
	}
	type s = []string
	f("app[0-2][0-9]", ".*app[0-2][0-9].*", "app", s{"on APP01x", "app29"}, s{"app 01", "app30", ""})
	f("^fail(ed|ure)$", "fail(ed|ure)", "fail", s{"login Failed.", "失FAILURE败"}, s{"failing", "xfailed", "fail ed"})
	f("Fail|Bad|Error", "", "bad|error|fail", s{"ERRORS", "x bad"}, s{"ba d"})
	f("a.b", "", "a", s{"a1b", "aéb"}, s{"a b", "a失b", "ab"})
	f(".+", ".*.+.*", "", s{"a", "失"}, s{"", "--"})
	f("^.$", ".", "", s{"a b", "失败", "ab失"}, s{"ab", ""})
	f("^[登录]$", "[录登]", "录|登", s{"登", "x登x"}, s{"失"})
	f("登", "", "登", s{"用户登录"}, s{"用户"})
	f("登|fail", "", "fail|登", s{"用户登录", "FAILED"}, s{"用户"})
	f("[^a]", "", "", s{"ab", "失"}, s{"a A", "-"})
	f(`\d{3}`, ".*[0-9]{3}.*", "", s{"x404"}, s{"40 4"})
	f("ошибка$", "", "шибка", s{"ОШИБКА", "супероШибка"}, s{"ошибка2"})
	f("task", "", "task", s{"TASKS"}, s{"taſk", "tas\u212A"})
}

func TestRegexErrors(t *testing.T) {
	f := func(on ecs.Type, expr, at, want string) {
		t.Helper()
		_, err := query.CompileRegex(expr, on)
		var qerr *query.Error
		require.ErrorAs(t, err, &qerr, expr)
		assert.Equal(t, want, qerr.Error(), expr)
		assert.Equal(t, at, expr[qerr.Pos.Start:qerr.Pos.End], expr)
	}
	const k = ecs.Keyword
	f(k, `a\bfail`, `\b`, "word boundaries are not supported in regular expressions (on text, ^ and $ are the ends of a word)")
	f(k, `a+?b`, `+?`, "lazy quantifiers are not supported (leave out the second ?: only whether it matches counts, not where)")
	f(k, `x(?i)a`, `(?i`, "flags are not supported (text is matched in any case, keywords in theirs: write /error/i for any)")
	f(k, `(?P<n>a)`, `(?P`, "named groups are not supported (use plain ( ))")
	f(k, `(?<n>a)`, `(?<`, "named groups are not supported (use plain ( ))")
	f(k, `a(?!b)`, `(?!`, "lookaround is not supported (combine two conditions with AND or NOT)")
	f(k, `a(?<=b)`, `(?<`, "lookaround is not supported (combine two conditions with AND or NOT)")
	f(k, `(a)\1`, `\1`, `back references and octal escapes are not supported (write a character by its code as \x{41})`)
	f(k, `\Aa`, `\A`, `\A is not supported (use ^ and $)`)
	f(k, `\Qa\E`, `\Q`, `\Q…\E is not supported (put \ before each special character)`)
	f(k, `a^b`, `^`, `^ stands inside the expression (it means the start of the value; write \^ for the sign)`)
	f(k, `(a$)b`, `$`, `$ stands inside the expression (it means the end of the value; write \$ for the sign)`)
	f(k, `(^a|b)+`, `^`, `^ stands inside the expression (it means the start of the value; write \^ for the sign)`)
	f(k, `*a`, `*`, `missing argument to repetition operator (* + ? { follow a character, class or group; write \* for the sign)`)
	f(k, `[a`, `[a`, `missing closing ] (write \[ for the sign)`)
	f(k, `a)`, `a)`, `unexpected ) (write \( and \) for the signs)`)
	f(k, `\y`, `\y`, `invalid escape sequence (write \\ for a backslash)`)
	f(k, `\pL`, `\pL`, "the regular expression is too large when its classes are spelt out (use a smaller class, or anchor or split it)")
	f(ecs.Text, `a b`, `a b`, `a regular expression on text looks at one word and this one can match none (words are letters and digits, a Chinese or Japanese character is one by itself; search for several as a phrase: "two words")`)
	f(ecs.Text, `a*`, `a*`, "a regular expression on text looks at one word, and this one matches the empty text (use + instead of *)")
}

func TestWildcard(t *testing.T) {
	f := func(on ecs.Type, pattern, lucene string, matches, others []string) {
		t.Helper()
		p, err := query.CompileWildcard(pattern, on)
		require.NoError(t, err)
		assert.Equal(t, lucene, p.Lucene(), pattern)
		for i, v := range append(matches, others...) {
			got := p.Match([]byte(v))
			if on == ecs.Text {
				got = p.MatchText([]byte(v))
			}
			assert.Equal(t, i < len(matches), got, "%s on %q", pattern, v)
			assert.Equal(t, i < len(matches), regexp.MustCompile(p.RE2()).MatchString(v), "%s as %s on %q", pattern, p.RE2(), v)
		}
	}
	type s = []string
	f(ecs.Keyword, "a*b?", "a.*b.", s{"abc", "axxbx", "a\nb失"}, s{"ab", "Abc", "xabc"})
	f(ecs.Keyword, `a\*b*`, `a\*b.*`, s{"a*b", "a*bc"}, s{"aab"})
	f(ecs.Keyword, `*.log`, `.*\.log`, s{"x.log", ".log"}, s{"x.log2"})
	f(ecs.Text, "f?il*", "f.il.*", s{"Failed", "x FXIL"}, s{"xfail", "fil"})
}

// What the stores are given means the same as what runs here.
func TestRegexTranslations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	atoms := []string{"a", "b", "K", "s", "é", "登", "录", "-", " ", ".", "[ab]", "[^a]", "[a-c登]", `\d`, `\w`, `[^\w]`, "1", "ab"}
	var gen func(depth int) string
	gen = func(depth int) string {
		if depth == 0 {
			return atoms[r.IntN(len(atoms))]
		}
		switch r.IntN(6) {
		case 0:
			return gen(depth-1) + gen(depth-1)
		case 1:
			return "(" + gen(depth-1) + "|" + gen(depth-1) + ")"
		case 2:
			return "(" + gen(depth-1) + ")" + []string{"*", "+", "?", "{2}", "{1,2}", "{2,}"}[r.IntN(6)]
		default:
			return gen(depth - 1)
		}
	}
	alphabet := []rune("aAbBkKsS1 -登录éÉ失\n")
	compiled := 0
	for range 3000 {
		expr := gen(3)
		if r.IntN(3) == 0 {
			expr = "^" + expr
		}
		if r.IntN(3) == 0 {
			expr += "$"
		}
		for _, on := range []ecs.Type{ecs.Keyword, ecs.Text} {
			p, err := query.CompileRegex(expr, on)
			if err != nil {
				continue
			}
			compiled++
			re2 := regexp.MustCompile(p.RE2())
			lucene := regexp.MustCompile("^(?s:" + p.Lucene() + ")$")
			for range 20 {
				v := make([]rune, r.IntN(6))
				for i := range v {
					v[i] = alphabet[r.IntN(len(alphabet))]
				}
				value := string(v)
				what := fmt.Sprintf("%s on %q: RE2 %s, Lucene %s", expr, value, p.RE2(), p.Lucene())
				want, viaLucene, literal := p.Match([]byte(value)), lucene.MatchString(value), value
				if on == ecs.Text {
					want, viaLucene = p.MatchText([]byte(value)), false
					for _, tok := range query.Tokenize(value) {
						viaLucene = viaLucene || lucene.MatchString(tok)
					}
					literal = strings.ToLower(value)
				} else {
					require.Equal(t, want, regexp.MustCompile("(?s:"+expr+")").MatchString(value), what)
				}
				require.Equal(t, want, re2.MatchString(value), what)
				require.Equal(t, want, viaLucene, what)
				if ls := p.Literals(); want && ls != nil {
					found := false
					for _, l := range ls {
						found = found || strings.Contains(literal, l)
					}
					require.True(t, found, "%s: literals %q", what, ls)
				}
			}
		}
	}
	require.Greater(t, compiled, 3000)
}
