// Command gpx_logcenter is the backend of Grafana's datasource plugin for Logcenter. Grafana starts it.
package main

import (
	"os"

	sdk "github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/logcenter/logcenter/grafana/pkg/datasource"
)

// ID is the plugin's, as src/plugin.json has it.
const ID = "logcenter-logcenter-datasource"

func main() {
	if err := sdk.Manage(ID, datasource.New, sdk.ManageOpts{}); err != nil {
		log.DefaultLogger.Error(err.Error())
		os.Exit(1)
	}
}
