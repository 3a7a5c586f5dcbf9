#!/usr/bin/env bash
# Looks for known vulnerabilities in what is really called: tools/vulnerabilities.sh BUILD-TAGS
# Without a way to the database at vuln.go.dev it says so loudly and passes.
set -uo pipefail
cd "$(dirname "$0")/.."

out=$(go tool -modfile=tools/go.mod govulncheck -tags "$1" ./... 2>&1)
code=$?
printf '%s\n' "$out"
if [ $code -ne 0 ] && grep -qE '^govulncheck: fetching vulnerabilities: .*(dial tcp|no such host|timeout|refused|Forbidden)' <<<"$out"; then
	echo '################ NOT CHECKED FOR KNOWN VULNERABILITIES: vuln.go.dev cannot be reached ################' >&2
	exit 0
fi
exit $code
