package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/sdk/document"
	"github.com/logcenter/logcenter/sdk/schema"
)

type thing struct {
	Name string `yaml:"name" required:"true"`
	Size int    `yaml:"size" min:"1" default:"3"`
	Tags []string
}

func TestSeveralDocuments(t *testing.T) {
	docs, err := document.Read("things.yaml", []byte("# first\nname: a\n---\nname: b\nsize: 7\ntags: [x]\n---\n"))
	require.NoError(t, err)
	require.Len(t, docs, 3, "an empty document counts")
	var got []thing
	for _, d := range docs[:2] {
		var one thing
		require.NoError(t, d.Decode(&one))
		got = append(got, one)
	}
	require.Equal(t, []thing{{Name: "a", Size: 3}, {Name: "b", Size: 7, Tags: []string{"x"}}}, got)
	require.Equal(t, 6, docs[1].Line("tags[0]"))
	require.Equal(t, 6, docs[1].Line("tags[9]"), "what is not there has the place of what is around it")
}

func TestErrorsHavePlaces(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a key nobody knows", "name: a\nsice: 4\n", `things.yaml:2:1: sice: unknown key (did you mean "size"?)`},
		{"a value out of bounds", "name: a\nsize: 0\n", "things.yaml:2:7: size: 0 is out of bounds (at least 1)"},
		{"given twice", "name: a\nname: b\n", "things.yaml:2:1: name: is given twice (the first stands in line 1)"},
		{"not YAML", "name: [a\n", "things.yaml:1: did not find expected ',' or ']' (this is not YAML; are indents, quotes and colons right?)"},
		{"GBK", "size: 3\nname: \xb5\xc7\xc2\xbc\n", "things.yaml:2: is not UTF-8 (save it in UTF-8; other encodings, such as GBK, are not read)"},
		{"several in a line", "{zzz: 1, yyyy: 2}\n", "things.yaml:1:1: name: is required\nthings.yaml:1:2: zzz: unknown key (known keys: name, size, tags)\nthings.yaml:1:10: yyyy: unknown key (known keys: name, size, tags)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docs, err := document.Read("things.yaml", []byte(tt.text))
			if err == nil {
				err = docs[0].Decode(&thing{})
			}
			require.EqualError(t, err, tt.want)
		})
	}
	docs, err := document.Read("things.yaml", []byte("name: a\ntags:\n  - x\n"))
	require.NoError(t, err)
	err = docs[0].Locate(&schema.Error{Path: "tags[0]", Msg: "is no tag"})
	require.EqualError(t, err, "things.yaml:3:5: tags[0]: is no tag")
	require.Len(t, document.Errors(err), 1)
	require.NoError(t, docs[0].Locate(nil))
}
