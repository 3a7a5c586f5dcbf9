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

func TestCheckNamesTheTargetThatIsWrong(t *testing.T) {
	require.NoError(t, target.Check([]string{"soc", "noc-2", "a.b_C"}))
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
		require.ErrorAs(t, target.Check(tt.names), &e)
		assert.Equal(t, tt.path, e.Path)
		assert.Contains(t, e.Msg, tt.says)
	}
}

func TestChoose(t *testing.T) {
	var one, two target.Set[int]
	one.Add("soc", 1)
	two.Add("soc", 1)
	two.Add("noc", 2)
	for _, tt := range []struct {
		of   *target.Set[int]
		name string
		want int // 0: an error
	}{{&one, "", 1}, {&one, "soc", 1}, {&one, "noc", 0}, {&two, "noc", 2}, {&two, "", 0}, {&two, "NOC", 0}} {
		_, got, err := tt.of.Choose(&sdk.Alert{Target: tt.name})
		assert.Equal(t, tt.want, got)
		assert.Equal(t, tt.want == 0, err != nil, tt.name)
		var again *sdk.RetryError
		assert.NotErrorAs(t, err, &again)
	}
	_, _, err := two.Choose(&sdk.Alert{Target: "boc"})
	require.EqualError(t, err, `there is no target "boc": configured are soc, noc`)
	assert.Equal(t, []string{"soc", "noc"}, two.Targets())
}
