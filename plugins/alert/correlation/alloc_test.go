package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/plugintest"
	"github.com/logcenter/logcenter/sdk/wire"
)

// TestNothingIsAllocatedForAnEvent: rules of all types that match every event, in groups that are there already.
func TestNothingIsAllocatedForAnEvent(t *testing.T) {
	stage := sdk.DetectorStage(New)
	plugintest.OpenWith(t, stage, setup(`{"rules":[
		{"id":"k","name":"R","type":"keyword","query":"event.action:a","group_by":["source.ip"]},
		{"id":"f","name":"R","query":"event.action:a","group_by":["source.ip","user.name"],"threshold":5000},
		{"id":"d","name":"R","query":"event.action:a","group_by":["source.ip"],"aggregate":"distinct","field":"host.name","threshold":100},
		{"id":"m","name":"R","query":"event.action:a","group_by":["source.ip"],"aggregate":"max","field":"network.bytes","threshold":100},
		{"id":"s","name":"R","type":"silence","query":"event.action:a","group_by":["source.ip"],"window":"48h","fields":["user.name"]},
		{"id":"q","name":"R","type":"sequence","group_by":["source.ip"],"steps":[{"query":"event.action:a"},{"query":"event.action:b"}]},
		{"id":"n","name":"R","type":"new_value","query":"event.action:a","group_by":["source.ip"],"values":["user.name"]}]}`))
	var events []drawn
	for i := range 1000 {
		events = append(events, drawn{number: i, action: "a", source: fmt.Sprint("192.0.2.", i%5), target: "192.0.2.9", user: fmt.Sprint("u", i%5), size: i % 50})
	}
	b := batch(events)
	run := func() {
		require.NoError(t, stage.Process(context.Background(), b, func(*wire.Result) error { return nil }))
	}
	for range 5 { // what grows has grown: a group's room doubles
		run()
	}
	assert.Less(t, testing.AllocsPerRun(5, run), 60.0, "7,000 matches")
}
