package route_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/route"
	"github.com/logcenter/logcenter/sdk/wire"
)

func alert(change func(a *wire.Alert)) *wire.Alert {
	a := &wire.Alert{
		Id: "1", Rule: "login-brute-force", Severity: "Error", Priority: 2, Topic: "event.category:authentication",
		Tags: []string{"attack.t1110.001", "linux"}, Keys: map[string]string{"host.name": "web01"}, Fields: map[string]string{"asset.owner": "netops-east"},
	}
	if change != nil {
		change(a)
	}
	return a
}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct {
		match  route.Match
		change func(a *wire.Alert)
		want   bool
	}{
		"nothing asked":              {route.Match{}, nil, true},
		"severity":                   {route.Match{Severity: []string{"Warn", "Error"}}, nil, true},
		"other severity":             {route.Match{Severity: []string{"Fatal"}}, nil, false},
		"as urgent":                  {route.Match{Priority: 2}, nil, true},
		"more urgent":                {route.Match{Priority: 4}, nil, true},
		"less urgent":                {route.Match{Priority: 1}, nil, false},
		"no priority":                {route.Match{Priority: 5}, func(a *wire.Alert) { a.Priority = 0 }, false},
		"rule":                       {route.Match{Rule: []string{"login-brute-force"}}, nil, true},
		"rule, begin":                {route.Match{Rule: []string{"login-*"}}, nil, true},
		"rule, end":                  {route.Match{Rule: []string{"*-force"}}, nil, true},
		"rule, middle":               {route.Match{Rule: []string{"*brute*"}}, nil, true},
		"rule, several stars":        {route.Match{Rule: []string{"l*-*t*-*e"}}, nil, true},
		"rule, stars that do not":    {route.Match{Rule: []string{"l*-*t*-*x"}}, nil, false},
		"rule, nothing left for end": {route.Match{Rule: []string{"login-brute-force*force"}}, nil, false},
		"rule, part only":            {route.Match{Rule: []string{"login"}}, nil, false},
		"topic":                      {route.Match{Topic: []string{"*authentication"}}, nil, true},
		"tag":                        {route.Match{Tags: []string{"windows", "attack.t1110*"}}, nil, true},
		"no such tag":                {route.Match{Tags: []string{"windows"}}, nil, false},
		"field":                      {route.Match{Fields: map[string]string{"asset.owner": "netops*"}}, nil, true},
		"key":                        {route.Match{Fields: map[string]string{"host.name": "web01"}}, nil, true},
		"other field":                {route.Match{Fields: map[string]string{"asset.owner": "netops*", "host.name": "web02"}}, nil, false},
		"no such field":              {route.Match{Fields: map[string]string{"user.name": "*"}}, nil, false},
		"kind alert":                 {route.Match{Kind: []string{"alert"}}, nil, true},
		"kind recovery":              {route.Match{Kind: []string{"recovery"}}, func(a *wire.Alert) { a.Kind = "recovery" }, true},
		"other kind":                 {route.Match{Kind: []string{"recovery"}}, nil, false},
		"all of it":                  {route.Match{Severity: []string{"Error"}, Priority: 3, Rule: []string{"login*"}, Tags: []string{"linux"}}, nil, true},
		"all of it but one":          {route.Match{Severity: []string{"Error"}, Priority: 1, Rule: []string{"login*"}, Tags: []string{"linux"}}, nil, false},
	} {
		assert.Equal(t, c.want, c.match.Selects(alert(c.change)), name)
	}
}

func TestChannels(t *testing.T) {
	table := route.NewTable([]route.Route{
		{Name: "noise", Match: route.Match{Rule: []string{"noise"}}},
		{Name: "owners", Match: route.Match{Fields: map[string]string{"asset.owner": "netops*"}}, To: []string{"smtp/netops", "snmp"}, Continue: true},
		{Name: "urgent", Match: route.Match{Priority: 2}, To: []string{"snmp", "chat/soc"}},
		{Name: "all", To: []string{"file"}},
	}, nil)
	for name, c := range map[string]struct {
		change func(a *wire.Alert)
		want   []route.Hop
	}{
		"two routes, a channel of both once": {nil, []route.Hop{{"smtp/netops", "route owners"}, {"snmp", "route owners"}, {"chat/soc", "route urgent"}}},
		"the last of two":                    {func(a *wire.Alert) { a.Priority = 5 }, []route.Hop{{"smtp/netops", "route owners"}, {"snmp", "route owners"}, {"file", "route all"}}},
		"its own go first":                   {func(a *wire.Alert) { a.Channels = []string{"webhook/x", "webhook/x"} }, []route.Hop{{"webhook/x", "rule"}}},
		"nobody":                             {func(a *wire.Alert) { a.Rule = "noise" }, nil},
	} {
		assert.Equal(t, c.want, table.Channels(alert(c.change)), name)
	}
	assert.Equal(t, []route.Hop{{"*", "default"}}, route.NewTable(nil, nil).Channels(alert(nil)))
}

func TestEscalations(t *testing.T) {
	table := route.NewTable(nil, []route.Escalation{
		{Name: "lead", Match: route.Match{Severity: []string{"Error"}}, After: time.Minute, To: []string{"smtp/lead"}},
		{Name: "ciso", Match: route.Match{Severity: []string{"Fatal"}}, After: time.Hour, To: []string{"smtp/ciso"}},
	})
	got := table.Escalations(alert(nil))
	require.Len(t, got, 1)
	assert.Equal(t, "lead", got[0].Name)
	for _, kind := range []string{"recovery", "summary", "escalation", "test"} {
		assert.Empty(t, table.Escalations(alert(func(a *wire.Alert) { a.Kind = kind })), kind)
	}
	assert.NotNil(t, table.Escalation("ciso"))
	assert.Nil(t, table.Escalation("gone"))
}
