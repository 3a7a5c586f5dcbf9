package classify_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/sdk/classify"
)

func TestCall(t *testing.T) {
	for name, want := range map[string]string{
		"GetObject": "access", "ListBuckets": "access", "Describe": "access", "HeadObject": "access", "CreateUser": "creation",
		"RunInstances": "creation", "TerminateInstances": "deletion", "DeregisterImage": "deletion", "AddUserToGroup": "",
		"create": "", "Ge": "", "": "", "银行": "",
	} {
		assert.Equal(t, want, classify.Call([]byte(name)), name)
	}
}
