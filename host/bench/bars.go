package bench

// bars are what plugins of the tree may cost, in CPU milliseconds per MB of raw log, where it is not what their kind may.
var bars = map[string]float64{
	"asset": 1, "geoip": 2.5, "masking": 2,
	// Formats of several lines, of XML or of JSON.
	"actiontrail": 8, "cloudtrail": 8, "files": 8, "java": 8, "json": 8, "kubernetes": 8, "modsecurity": 8, "mysql": 8, "netflow": 8,
	"oracle": 8, "postgresql": 8, "windows": 8,
}

const (
	parserBar = 3
	// everythingBar is that of masking with more than its default catalogue.
	everythingBar = 5
)

// Bar is what a plugin of the tree may cost, in CPU milliseconds per MB of raw log; 0: nobody has said. configured says
// that it has a configuration other than the default.
func Bar(kind, id string, configured bool) float64 {
	if id == "masking" && configured {
		return everythingBar
	}
	if bar, ok := bars[id]; ok {
		return bar
	}
	if kind == "parser" {
		return parserBar
	}
	return 0
}
