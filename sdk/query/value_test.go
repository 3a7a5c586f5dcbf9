package query_test

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/query"
)

func TestParseValue(t *testing.T) {
	f := func(typ ecs.Type, s string, want any) {
		t.Helper()
		got, err := query.ParseValue(typ, s)
		if msg, bad := want.(error); bad {
			require.Error(t, err)
			assert.Equal(t, msg.Error(), err.Error())
			return
		}
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	bad := func(s string) error { return fmt.Errorf("%s", s) }
	f(ecs.Keyword, "a b", "a b")
	f(ecs.Text, "a b", "a b")
	f(ecs.Long, "443", int64(443))
	f(ecs.Long, "-9223372036854775808", int64(math.MinInt64))
	f(ecs.Long, "4x", bad(`"4x" is not a whole number (write digits with an optional -, e.g. 443 or -5, within 64 bits)`))
	f(ecs.Long, "1.5", bad(`"1.5" is not a whole number (write digits with an optional -, e.g. 443 or -5, within 64 bits)`))
	f(ecs.Double, "1e3", 1000.0)
	f(ecs.Double, "-.5", -0.5)
	f(ecs.Double, "inf", bad(`"inf" is not a number (write e.g. 0.5, -3 or 1e6)`))
	f(ecs.Double, "1e999", bad(`"1e999" is not a number (write e.g. 0.5, -3 or 1e6)`))
	f(ecs.Double, "0x10", bad(`"0x10" is not a number (write e.g. 0.5, -3 or 1e6)`))
	f(ecs.Boolean, "true", true)
	f(ecs.Boolean, "yes", bad(`"yes" is not a boolean (write true or false)`))
	f(ecs.IP, "::ffff:10.0.0.1", netip.MustParseAddr("10.0.0.1"))
	f(ecs.IP, "2001:DB8::1", netip.MustParseAddr("2001:db8::1"))
	f(ecs.IP, "10.0.0", bad(`"10.0.0" is not an IP address (write e.g. 10.0.0.1 or 2001:db8::1, or a network: 10.0.0.0/8)`))
	f(ecs.IP, "10.0.0.0/8", bad(`"10.0.0.0/8" is a network, not an address (write it without quotes)`))
	f(ecs.Date, "2026-10-11", time.Date(2026, 10, 11, 0, 0, 0, 0, time.UTC))
	f(ecs.Date, "12.10.2026", bad(`"12.10.2026" is not a date (write 2026-10-11, 2026-10-11 12:00:00, 2026-10-11T12:00:00Z, epoch milliseconds, or now-1h)`))
	f(ecs.GeoPoint, "1,2", bad("geo_point fields have no values to search for (only _exists_ can be asked of places)"))
}

func TestParseDate(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 11, 21, 7, 30, 15, 123456789, time.UTC) // a Saturday, 15:30:15 in zone
	f := func(s, from, to string) {
		t.Helper()
		a, b, err := query.ParseDate(s, now, zone)
		if to == "" {
			require.Error(t, err, s)
			assert.Contains(t, err.Error(), from)
			return
		}
		require.NoError(t, err, s)
		const layout = "2006-01-02T15:04:05.999999999"
		assert.Equal(t, from, a.In(zone).Format(layout), s)
		assert.Equal(t, to, b.In(zone).Format(layout), s)
	}
	f("2026-10-11", "2026-10-11T00:00:00", "2026-10-12T00:00:00")
	f("2026-10-11 12:30", "2026-10-11T12:30:00", "2026-10-11T12:31:00")
	f("2026-10-11 12:30:15", "2026-10-11T12:30:15", "2026-10-11T12:30:16")
	f("2026-10-11T12:30:15Z", "2026-10-11T20:30:15", "2026-10-11T20:30:16")
	f("2026-10-11T12:30Z", "2026-10-11T20:30:00", "2026-10-11T20:31:00")
	f("2026-10-11T12:30:15.25+08:00", "2026-10-11T12:30:15.25", "2026-10-11T12:30:15.26")
	f("2026-10-11T12:30:15.123456789Z", "2026-10-11T20:30:15.123456789", "2026-10-11T20:30:15.12345679")
	f("1760184000123", "2025-10-11T20:00:00.123", "2025-10-11T20:00:00.124")
	f("now", "2026-11-21T15:30:15.123456789", "2026-11-21T15:30:15.12345679")
	f("now-1h", "2026-11-21T14:30:15.123456789", "2026-11-21T14:30:15.12345679")
	f("now-1d+30m-15s", "2026-11-20T16:00:00.123456789", "2026-11-20T16:00:00.12345679")
	f("now/m", "2026-11-21T15:30:00", "2026-11-21T15:31:00")
	f("now/h", "2026-11-21T15:00:00", "2026-11-21T16:00:00")
	f("now-1d/d", "2026-11-20T00:00:00", "2026-11-21T00:00:00")
	f("now/w", "2026-11-16T00:00:00", "2026-11-23T00:00:00")
	f("now/M", "2026-11-01T00:00:00", "2026-12-01T00:00:00")
	f("now-1y/y", "2025-01-01T00:00:00", "2026-01-01T00:00:00")
	f("now-2w", "2026-11-07T15:30:15.123456789", "2026-11-07T15:30:15.12345679")
	f("1760184000", "epoch times are in milliseconds: 1760184000000", "")
	f("2026", "is not a date", "")
	f("2026-13-01", "is not a date", "")
	f("1066-10-14", "between the years 1678 and 2261", "")
	f("now-", "not a time relative to now", "")
	f("now-1", "not a time relative to now", "")
	f("now-1x", "not a time relative to now", "")
	f("now/d+1h", "not a time relative to now", "")
	f("now-9999999d", "not a time relative to now", "")
	f("now-999999y", "not a time relative to now", "")
	f("nowhere", "not a time relative to now", "")
	f("", "is not a date", "")
}

func TestRangeBounds(t *testing.T) {
	f := func(typ ecs.Type, text, want string) {
		t.Helper()
		n, err := query.Parse("f:" + text)
		require.NoError(t, err)
		r := n.(*query.Range)
		var got string
		switch typ {
		case ecs.Long:
			lo, hi, err := r.Longs()
			require.NoError(t, err)
			got = fmt.Sprint(lo, hi)
		case ecs.Double:
			lo, hi, err := r.Doubles()
			require.NoError(t, err)
			got = fmt.Sprint(lo, hi)
		case ecs.IP:
			lo, hi, err := r.Addrs()
			require.NoError(t, err)
			got = fmt.Sprint(netip.AddrFrom16(lo).Unmap(), netip.AddrFrom16(hi).Unmap())
		case ecs.Date:
			from, to, err := r.Dates(time.Now(), nil)
			require.NoError(t, err)
			got = fmt.Sprint(time.Unix(0, from).UTC().Format(time.RFC3339), time.Unix(0, to).UTC().Format(time.RFC3339))
		}
		assert.Equal(t, want, got, text)
	}
	f(ecs.Long, "[1 TO 5]", "1 5")
	f(ecs.Long, "{1 TO 5}", "2 4")
	f(ecs.Long, ">5", "6 9223372036854775807")
	f(ecs.Long, "<5", "-9223372036854775808 4")
	f(ecs.Long, ">9223372036854775807", "1 0")
	f(ecs.Long, "<-9223372036854775808", "1 0")
	f(ecs.Double, "[1 TO 5]", "1 5")
	f(ecs.Double, "{1 TO 5}", "1.0000000000000002 4.999999999999999")
	f(ecs.Double, ">=5", "5 +Inf")
	f(ecs.IP, "[10.0.0.1 TO 10.0.0.9}", "10.0.0.1 10.0.0.8")
	f(ecs.IP, ">10.0.0.255", "10.0.1.0 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
	f(ecs.IP, ">ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100:: ::")
	f(ecs.IP, "<\"::\"", "100:: ::")
	f(ecs.Date, "[2026-10-11 TO 2026-10-12]", "2026-10-11T00:00:00Z2026-10-13T00:00:00Z")
	f(ecs.Date, "{2026-10-11 TO 2026-10-12}", "2026-10-12T00:00:00Z2026-10-12T00:00:00Z")
	f(ecs.Date, "[2026-10-11T12:00:00Z TO 2026-10-11T12:00:00Z]", "2026-10-11T12:00:00Z2026-10-11T12:00:01Z")
}

func TestAddrRange(t *testing.T) {
	f := func(prefix, first, last string) {
		t.Helper()
		a, b := (&query.CIDR{Prefix: netip.MustParsePrefix(prefix)}).AddrRange()
		assert.Equal(t, first, netip.AddrFrom16(a).Unmap().String())
		assert.Equal(t, last, netip.AddrFrom16(b).Unmap().String())
	}
	f("10.0.0.0/8", "10.0.0.0", "10.255.255.255")
	f("10.1.2.3/8", "10.0.0.0", "10.255.255.255")
	f("192.0.2.7/32", "192.0.2.7", "192.0.2.7")
	f("0.0.0.0/0", "0.0.0.0", "255.255.255.255")
	f("2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff")
	f("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
}

func FuzzParseDate(f *testing.F) {
	now := time.Date(2026, 11, 21, 7, 30, 15, 0, time.UTC)
	for _, s := range []string{"now-1d/d", "2026-10-11", "2026-10-11T12:30:15.25+08:00", "1760184000123", "now+999999y", "9999-12-31"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		from, to, err := query.ParseDate(s, now, time.UTC)
		if err == nil {
			require.True(t, from.Before(to), "%s: %s to %s", s, from, to)
			require.Less(t, from.UnixNano(), to.UnixNano())
		}
	})
}
