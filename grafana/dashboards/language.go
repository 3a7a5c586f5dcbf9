package dashboards

// Language is one that dashboards are written in.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages are all.
var Languages = []Language{English, Chinese}
