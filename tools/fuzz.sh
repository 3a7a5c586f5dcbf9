#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time, 1s by default: tools/fuzz.sh [TIME]
# A failing input lands in testdata/fuzz of its package, where `go test` finds it from then on.
#
# It is `go test` that builds, two packages at once, and calls this script again in the folder of each with its test
# binary. Only code of this tree reports what it covers (-fuzz would have all that is linked built anew for that). Without
# DWARF a binary is linked in half the time.
set -euo pipefail

# target BINARY NAME runs one target for its time, on one processor.
target() {
	"$1" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$FUZZ_TIME" -test.fuzzminimizetime=1s \
		-test.fuzzcachedir="$FUZZ_WORK/corpus/$PWD" -test.parallel=1 >"$log" 2>&1
}

if [ -n "${FUZZ_WORK:-}" ]; then
	log=$(mktemp -p "$FUZZ_WORK")
	status=0
	names=$("$1" -test.list='^Fuzz')
	for name in ${names:?no fuzz target in a package that has some}; do
		# On a busy machine a worker may miss the end of its time, which Go reports as a failure without an
		# input. That is tried once more; a real finding is found again from testdata/fuzz.
		if target "$1" "$name" || { grep -q 'context deadline exceeded' "$log" && target "$1" "$name"; } &&
			! grep -q 'not built with coverage' "$log"; then
			printf '%-40s %s\n' "$name" "$(grep -oE 'execs: [0-9]+' "$log" | tail -1)"
		else
			cat "$log"
			status=1
		fi
	done
	exit $status
fi

cd "$(dirname "$0")/.."
export FUZZ_TIME=${1:-1s} FUZZ_WORK
FUZZ_WORK=$(mktemp -d)
trap 'rm -rf "$FUZZ_WORK"' EXIT
mapfile -t packages < <(grep -rlE '^func Fuzz[A-Z_]' --include='*_test.go' sdk host plugins examples grafana 2>/dev/null | xargs -r dirname | sort -u)
go test -v -tags duckdb_arrow -vet=off -count=1 -timeout=0 -p 2 -gcflags='./...=-d=libfuzzer' -ldflags=-w -exec "$PWD/tools/fuzz.sh" "${packages[@]/#/./}"
