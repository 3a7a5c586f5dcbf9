package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/logcenter/logcenter/host/retention"
)

// Files outlive the online days and the archive years of both kinds.
func TestFilesAreKeptAsLongAsTheirEvents(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, time.Date(2025, 10, 26, 12, 0, 0, 0, time.UTC), fileKept(now, retention.Standard().Classify, 0), "30 days and a year")
	longer := func(kind, _ string) retention.Class {
		if kind == "video" {
			return retention.Class{OnlineDays: 10, ArchiveYears: 3}
		}
		return retention.Class{OnlineDays: 90}
	}
	assert.Equal(t, time.Date(2023, 11, 15, 12, 0, 0, 0, time.UTC), fileKept(now, longer, 2), "the longer of the two")
	assert.Equal(t, time.Date(2022, 8, 27, 12, 0, 0, 0, time.UTC), fileKept(now, longer, 4), "archived under an older policy")
}
