package target_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/schema"
	"github.com/logcenter/logcenter/sdk/target"
)

func self(s *string) string { return *s }

func set(t *testing.T, names ...string) *target.Set[string] {
	t.Helper()
	s, err := target.New(names, self, func(name string) (string, error) { return "to " + name, nil })
	require.NoError(t, err)
	return &s
}

func TestCheckNamesTheTargetThatIsWrong(t *testing.T) {
	require.NoError(t, target.Check([]string{"soc", "noc-2", "a.b_C"}, self))
	for _, tt := range []struct {
		names []string
		path  string
		says  string
	}{
		{nil, "targets", "there is none"},
		{[]string{"soc", ""}, "targets[1].name", "not a name"},
		{[]string{"a/b"}, "targets[0].name", "not a name"},
		{[]string{strings.Repeat("x", 65)}, "targets[0].name", "not a name"},
		{[]string{"soc", "noc", "soc"}, "targets[2].name", "targets[0] already"},
		{make([]string, target.Most+1), "targets", "too many"},
	} {
		var e *schema.Error
		require.ErrorAs(t, target.Check(tt.names, self), &e)
		assert.Equal(t, tt.path, e.Path)
		assert.Contains(t, e.Msg, tt.says)
	}
}

func TestChoose(t *testing.T) {
	one, two := set(t, "soc"), set(t, "soc", "noc")
	for _, tt := range []struct {
		of   *target.Set[string]
		name string
		want string // empty: an error
	}{{one, "", "to soc"}, {one, "soc", "to soc"}, {one, "noc", ""}, {two, "noc", "to noc"}, {two, "", ""}, {two, "NOC", ""}} {
		_, got, err := tt.of.Choose(&sdk.Alert{Target: tt.name})
		assert.Equal(t, tt.want, got)
		assert.Equal(t, tt.want == "", err != nil, tt.name)
		var again *sdk.RetryError
		assert.NotErrorAs(t, err, &again)
	}
	_, _, err := two.Choose(&sdk.Alert{Target: "boc"})
	require.EqualError(t, err, `there is no target "boc": configured are soc, noc`)
	assert.Equal(t, []string{"soc", "noc"}, two.Targets())
}

func TestWhatCannotBeMadeIsNamed(t *testing.T) {
	s, err := target.New([]string{"soc", "noc", "boc"}, self, func(name string) (string, error) {
		if name == "noc" {
			return "", &schema.Error{Path: "address", Msg: "is none"}
		}
		return name, nil
	})
	var e *schema.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "targets[1].address", e.Path)
	var made []string
	s.Each(func(name string) { made = append(made, name) })
	assert.Equal(t, []string{"soc"}, made)
}
