#!/bin/bash
# Runs a host on the cluster at ELASTICSEARCH_URLS and shows every five seconds where its events lie; with --once, once.
# run.sh starts it.
set -euo pipefail
once=${1:-}
http=${LOGCENTER_HTTP:-127.0.0.1:8080}
syslog=${LOGCENTER_SYSLOG:-127.0.0.1:5514}
dir=$(mktemp -d)
host=
stop() {
	trap - INT TERM EXIT
	if [ -n "$host" ]; then
		kill -TERM "$host" 2>/dev/null || true
		wait "$host" || true
	fi
	rm -rf "$dir"
	echo "stopped; nothing is left behind"
}
trap stop EXIT
trap 'exit 130' INT TERM

cat > "$dir/logcenter.yaml" <<YAML
data_dir: $dir/data
http: {listen: "$http"}
inputs:
  - name: syslog
    syslog: {tcp: "$syslog"}
store:
  kind: elasticsearch
  elasticsearch:
    addresses: ["${ELASTICSEARCH_URLS//,/\", \"}"]
    replicas: 1
YAML

bin/logcenter run --config "$dir/logcenter.yaml" --demo > "$dir/host.log" 2>&1 &
host=$!
ask() { bin/logcenter "$@" --url "http://$http" --token-file "$dir/data/admin.token"; }

# alive ends the script when the host has ended.
alive() {
	kill -0 "$host" 2>/dev/null && return
	cat "$dir/host.log" >&2
	exit 1
}

# any answers by the first node that does: one of them may be killed.
any() {
	local url
	for url in ${ELASTICSEARCH_URLS//,/ }; do
		curl -sf -m 10 "$url$1" && return
	done
	echo "no node answers"
}

until ask agg '*' --terms event.dataset --from -2h -o json 2>/dev/null | grep -q 'nginx.access' &&
	any '/_cluster/health' | grep -q '"green"'; do
	alive
	sleep 1
done
sed -n '1,4p' "$dir/host.log"
echo "Elasticsearch at $ELASTICSEARCH_URLS"
while true; do
	alive
	echo
	echo "--- $(date +%T) shards: index, p(rimary) or r(eplica), state, events, node"
	any '/_cat/shards/logcenter-ev-*?h=index,prirep,state,docs,node&s=index,prirep'
	echo "--- events by source"
	ask agg '*' --terms event.dataset --from -2h || true
	echo "--- the newest of the IPS that are serious"
	ask search 'observer.type:ips AND log.level:(Error OR Fatal)' --from -2h --limit 2 || true
	ask store replicas || true
	[ "$once" != --once ] || exit 0
	sleep 5 &
	wait $! || true
done
