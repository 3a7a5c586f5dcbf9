//go:build duckdb_arrow

package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/store/storetest"
	"github.com/logcenter/logcenter/sdk/client"
	"github.com/logcenter/logcenter/sdk/wire"
)

func TestUnknownDevices(t *testing.T) {
	s := newStored(t)
	at := func(minutes int) time.Time { return testDay.Add(-time.Hour + time.Duration(minutes)*time.Minute) }
	event := func(minutes int, fields storetest.Event) storetest.Event {
		fields["@timestamp"], fields["message"] = at(minutes), "a line"
		return fields
	}
	b, err := storetest.Batch(1, []storetest.Event{
		event(1, storetest.Event{"host.name": "fw-new", "log.source.address": "192.0.2.1:514", "observer.type": "firewall", "event.dataset": "dptech.traffic", "logcenter.parser": "dptech/0.1.0"}),
		event(9, storetest.Event{"host.name": "fw-new", "log.source.address": "192.0.2.1:40112", "observer.type": "firewall", "event.dataset": "dptech.traffic"}),
		event(5, storetest.Event{"host.name": "fw-new", "log.source.address": "[2001:db8::1]:514", "observer.type": "server", "event.dataset": "dptech.login"}),
		event(2, storetest.Event{"host.name": "known", "log.source.address": "192.0.2.2:514", "asset.id": "A-1"}),
		event(3, storetest.Event{"host.name": "adopted", "log.source.address": "192.0.2.3:514"}),
		event(4, storetest.Event{"host.name": "adopted", "log.source.address": "192.0.2.3:514", "asset.id": "A-2"}),
		event(6, storetest.Event{"host.name": "lost", "log.source.address": "192.0.2.4:514", "asset.id": "A-3"}),
		event(7, storetest.Event{"host.name": "lost", "log.source.address": "192.0.2.4:514"}),
		event(8, storetest.Event{"observer.ip": []any{"192.0.2.9"}, "log.source.address": "192.0.2.1:514", "event.dataset": "netflow.flow"}),
		event(8, storetest.Event{"log.source.address": "192.0.2.8:1000"}),
		event(10, storetest.Event{"log.source.address": "192.0.2.8:1001"}),
		event(11, storetest.Event{"log.source.address": "/var/log/messages"}),
	})
	require.NoError(t, err)
	require.NoError(t, s.db.Append(t.Context(), 1, []*wire.Batch{b}))
	u, err := s.client().UnknownDevices(t.Context(), hour, 0)
	require.NoError(t, err)
	assert.Equal(t, []client.UnknownDevice{
		{Name: "fw-new", Addresses: []string{"192.0.2.1", "2001:db8::1"}, Type: "firewall", Dataset: "dptech.traffic", Parser: "dptech/0.1.0", Events: 3, First: at(1), Last: at(9)},
		{Addresses: []string{"192.0.2.8"}, Events: 2, First: at(8), Last: at(10)},
		{Name: "lost", Addresses: []string{"192.0.2.4"}, Events: 1, First: at(7), Last: at(7)},
		{Addresses: []string{"192.0.2.9"}, Dataset: "netflow.flow", Events: 1, First: at(8), Last: at(8)},
		{Addresses: []string{"/var/log/messages"}, Events: 1, First: at(11), Last: at(11)},
	}, u.Devices)
	assert.Equal(t, 1, u.Adopted)
	assert.EqualValues(t, 3, u.Known)
	assert.Zero(t, u.More)

	u, err = s.client().UnknownDevices(t.Context(), hour, 1)
	require.NoError(t, err)
	assert.Len(t, u.Devices, 1)
	assert.EqualValues(t, 6, u.More, "events of devices beyond the limit")

	some := hour
	some.Query = "event.dataset:dptech.login OR event.dataset:none"
	u, err = s.client().UnknownDevices(t.Context(), some, 0)
	require.NoError(t, err)
	require.Len(t, u.Devices, 1)
	assert.EqualValues(t, 1, u.Devices[0].Events)
	_, err = s.client().UnknownDevices(t.Context(), hour, client.MaxUnknownDevices+1)
	assert.ErrorContains(t, err, "1 to 4000")
}
