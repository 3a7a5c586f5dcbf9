package service

import (
	"context"

	"github.com/logcenter/logcenter/host/alert/record"
	"github.com/logcenter/logcenter/host/metadata"
	"github.com/logcenter/logcenter/host/outbox"
	"github.com/logcenter/logcenter/host/rule"
	"github.com/logcenter/logcenter/host/watchlist"
)

// metadataFile is the metadata store, below the data directory.
const metadataFile = "meta/logcenter.db"

// schemas are what the host's packages keep in the metadata store, those first whose tables others refer to.
func schemas() []metadata.Schema {
	return []metadata.Schema{rule.Schema, record.Schema, outbox.Schema, watchlist.Schema}
}

// openMetadata comes behind the journals, whose lock keeps a second host away.
func (s *Service) openMetadata(ctx context.Context) (err error) {
	if s.metadata, err = metadata.Open(ctx, s.path(metadataFile), s.version, schemas()...); err != nil {
		return err
	}
	s.onClose(s.metadata.Close)
	return nil
}

func metadataMetrics(st metadata.Stats, counter, gauge sender) {
	gauge("metadata_bytes", "Bytes of the metadata store on disk.", float64(st.Bytes+st.WALBytes))
	counter("metadata_reads_total", "Transactions that read the metadata store.", float64(st.Reads))
	counter("metadata_writes_total", "Transactions that changed it.", float64(st.Writes))
	counter("metadata_failures_total", "Transactions that failed or were given up.", float64(st.Failures))
	counter("metadata_waited_seconds_total", "Time that transactions waited for the one that wrote.", st.Waited.Seconds())
}
