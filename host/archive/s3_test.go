package archive_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logcenter/logcenter/host/archive"
	"github.com/logcenter/logcenter/host/archive/s3test"
)

const bucketName = "archive"

func bucketOf(t *testing.T, s *s3test.Server, change func(*archive.Bucket)) archive.Destination {
	t.Helper()
	b := archive.Bucket{Endpoint: s.URL, Name: bucketName, Prefix: "logs/bank", AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey}
	if change != nil {
		change(&b)
	}
	d, err := archive.NewBucket(b)
	require.NoError(t, err)
	return d
}

func TestBucketSaysWhatIsWrong(t *testing.T) {
	s := s3test.Start(t, bucketName)
	f := func(want string, change func(*archive.Bucket)) {
		t.Helper()
		_, err := archive.Open(t.Context(), bucketOf(t, s, change), t.TempDir()+"/chain")
		if err == nil {
			_, err = bucketOf(t, s, change).List(t.Context(), "chain/")
		}
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), s3test.SecretKey)
	}
	f("there is no bucket", func(b *archive.Bucket) { b.Name = "nowhere" })
	f("refuses these keys", func(b *archive.Bucket) { b.SecretKey = "another" })
	s.Stop()
	f("cannot be reached", nil)
}
