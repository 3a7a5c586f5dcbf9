package rule_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/logcenter/logcenter/sdk/rule"
)

func TestTmp(t *testing.T) {
	files, _ := filepath.Glob("../../plugins/alert/correlation/rules/*.yaml")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		docs, err := rule.Read(f, b)
		if err != nil {
			t.Error(err)
		}
		t.Log(f, len(docs))
	}
}
