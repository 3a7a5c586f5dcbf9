package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// shownTime is how the log standard wants times shown.
const shownTime = "2006-01-02 15:04:05"

// cell is a value of an event as text: elements of lists behind each other, times as they are.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return number(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = cell(e)
		}
		return strings.Join(parts, ",")
	case map[string]any:
		if lat, lon := v["lat"], v["lon"]; len(v) == 2 && lat != nil && lon != nil {
			return cell(lat) + "," + cell(lon)
		}
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	default:
		return fmt.Sprint(v)
	}
}

// number writes f as short as it can be read back, without an exponent where that is readable.
func number(f float64) string {
	if f == float64(int64(f)) && f > -1e15 && f < 1e15 {
		return fmt.Sprint(int64(f))
	}
	return strings.Replace(fmt.Sprintf("%.6g", f), "e+", "e", 1)
}

// localTime shows a time of the API in zone; what is no time stays.
func localTime(s string, zone *time.Location) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.In(zone).Format(shownTime)
}

// zoneName is the IANA name of this machine's time zone, UTC if it has none.
func zoneName() string {
	if name, ok := os.LookupEnv("TZ"); ok {
		if name = strings.TrimPrefix(name, ":"); validZone(name) {
			return name
		}
		return "UTC"
	}
	target, err := filepath.EvalSymlinks("/etc/localtime")
	if err != nil {
		return "UTC"
	}
	if _, name, ok := strings.Cut(target, "/zoneinfo/"); ok && validZone(name) {
		return strings.TrimPrefix(name, "posix/")
	}
	return "UTC"
}

// localZone is this machine's time zone.
func localZone() *time.Location {
	zone, err := time.LoadLocation(zoneName())
	if err != nil {
		return time.UTC
	}
	return zone
}

func validZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}
