#!/bin/bash
# Two Elasticsearch nodes, one that votes, and a host on this machine, fed with made-up traffic. Ctrl-C stops all.
# See README.md for what can be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x bin/logcenter ] || make build
mkdir -p build
go build -o build/with ./host/store/elastic/estest/with
echo "starting Elasticsearch, which takes up to a minute …"
exec build/with -nodes 2 -- examples/cluster/host.sh "$@"
