// Command gpx_logcenter is the backend of Grafana's datasource plugin for Logcenter. Grafana starts it.
package main

import (
	"context"
	"os"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
)

// ID is the plugin's, as src/plugin.json has it.
const ID = "logcenter-logcenter-datasource"

func main() {
	err := datasource.Manage(ID, func(context.Context, backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
		return struct{}{}, nil
	}, datasource.ManageOpts{})
	if err != nil {
		log.DefaultLogger.Error(err.Error())
		os.Exit(1)
	}
}
