package frame

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/logcenter/logcenter/sdk/client"
)

// Rates makes a table of how good rules or devices are, one a row, as analysts judged their alerts. by is what they are
// by: rule, device or device_rule, and only columns that say which it is are in the table. A rate is null where nothing
// was judged, or no attack is known.
func Rates(rates []client.AlertRate, by, executed string) *data.Frame {
	n := len(rates)
	f := data.NewFrame("rates")
	text := func(name string, of func(client.AlertRate) string) {
		values := make([]string, n)
		for i, r := range rates {
			values[i] = of(r)
		}
		f.Fields = append(f.Fields, data.NewField(name, nil, values))
	}
	number := func(name string, of func(client.AlertRate) int64) {
		values := make([]int64, n)
		for i, r := range rates {
			values[i] = of(r)
		}
		f.Fields = append(f.Fields, data.NewField(name, nil, values))
	}
	share := func(name, about string, of func(client.AlertRate) *float64) {
		values := make([]*float64, n)
		for i, r := range rates {
			values[i] = of(r)
		}
		field := data.NewField(name, nil, values)
		field.Config = &data.FieldConfig{Unit: "percentunit", Description: about}
		f.Fields = append(f.Fields, field)
	}
	switch by {
	case "device":
		text("device", func(r client.AlertRate) string { return r.Device })
	case "device_rule":
		text("dataset", func(r client.AlertRate) string { return r.Dataset })
		text("device_rule", func(r client.AlertRate) string { return r.DeviceRule })
	default:
		text("rule", func(r client.AlertRate) string { return r.Rule })
	}
	number("alerts", func(r client.AlertRate) int64 { return r.Alerts })
	number("repeats", func(r client.AlertRate) int64 { return r.Repeats })
	number("true_positives", func(r client.AlertRate) int64 { return r.TruePositives })
	number("false_positives", func(r client.AlertRate) int64 { return r.FalsePositives })
	number("benign", func(r client.AlertRate) int64 { return r.Benign })
	number("unjudged", func(r client.AlertRate) int64 { return r.Unjudged })
	number("missed", func(r client.AlertRate) int64 { return r.Missed })
	share("false_positive_rate", "False ones of the alerts that were judged.", func(r client.AlertRate) *float64 { return r.FalsePositiveRate })
	share("false_negative_rate", "Missed ones of the attacks that are known.", func(r client.AlertRate) *float64 { return r.FalseNegativeRate })
	f.Meta = table(Custom{}, executed, nil)
	return f
}
