package datasource

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// CallResource answers what editors ask, within the time that a query may take: see package resource.
func (d *Datasource) CallResource(ctx context.Context, req *backend.CallResourceRequest, sender backend.CallResourceResponseSender) error {
	if d.broken == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.timeout)
		defer cancel()
	}
	return d.resources.CallResource(ctx, req, sender)
}
