package infer

// Template is one kind of sentence: a pattern of package template, and what its values become.
type Template struct {
	Pattern string
	Fields  []Field
	Lines   int // samples that have it
}
