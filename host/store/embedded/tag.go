//go:build !duckdb_arrow

package embedded

// The DuckDB driver has its Arrow interface under a build tag; the compiler's error says which.
var _ = build_with_go_build_tags_duckdb_arrow
