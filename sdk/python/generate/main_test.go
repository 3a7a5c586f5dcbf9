package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMessagesAreThoseOfTheProtocol(t *testing.T) {
	want, err := generate()
	require.NoError(t, err)
	have, err := os.ReadFile("../" + output)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, have), "sdk/python/%s is not what plugin.proto says now: write it with `go generate ./sdk/python`", output)
}
