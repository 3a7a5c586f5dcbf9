#!/usr/bin/env bash
# Fails when `make generate` changes a file. Compares with the tree as it is, so that it can be run before
# a commit, too.
set -euo pipefail
cd "$(dirname "$0")/.."

state() {
	git status --porcelain
	git diff
}

before=$(state)
make generate
after=$(state)
if [ "$before" != "$after" ]; then
	echo 'generated files were out of date; "make generate" has just mended them. Look at them and commit:' >&2
	diff <(echo "$before") <(echo "$after") | grep -E '^[<>] (\?\?| M|M |\+\+\+)' >&2 || true
	exit 1
fi
