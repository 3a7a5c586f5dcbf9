#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time, 2s by default: tools/fuzz.sh [TIME]
# A failing input lands in testdata/fuzz of its package, where `go test` finds it from then on.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-2s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# target DIR NAME runs one target of the binary that is built for DIR.
target() {
	(cd "$1" && "$work/fuzz.test" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$time" \
		-test.fuzzminimizetime=1s -test.fuzzcachedir="$work/corpus/$1" -test.parallel=2) >"$work/log" 2>&1
}

count=0
failed=()
while read -r dir; do
	# One binary for all targets of a package: linking takes longer than two seconds of fuzzing.
	go test -c -tags duckdb_arrow -fuzz=Fuzz -o "$work/fuzz.test" "./$dir"
	for name in $(grep -hoE '^func Fuzz[A-Z_]\w*' "$dir"/*_test.go | cut -d' ' -f2 | sort -u); do
		count=$((count + 1))
		# On a busy machine a worker may miss the end of its time, which Go reports as a failure without an
		# input. That is tried once more; a real finding is found again from testdata/fuzz.
		if target "$dir" "$name" || { grep -q 'context deadline exceeded' "$work/log" && target "$dir" "$name"; }; then
			printf '%-30s %-40s %s\n' "$dir" "$name" "$(grep -oE 'execs: [0-9]+' "$work/log" | tail -1)"
		else
			cat "$work/log" >&2
			failed+=("$dir $name")
		fi
	done
done < <(grep -rlE '^func Fuzz[A-Z_]' --include='*_test.go' sdk host plugins examples grafana 2>/dev/null | xargs -r dirname | sort -u)

if [ ${#failed[@]} -gt 0 ]; then
	printf 'fuzz: %d of %d targets failed:\n' "${#failed[@]}" "$count" >&2
	printf '  %s\n' "${failed[@]}" >&2
	exit 1
fi
echo "fuzz: $count targets, $time each"
