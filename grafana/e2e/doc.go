// Package e2e tests the built backend as Grafana runs it, over pluginv2, against a running host with sample lines. It has
// tests only.
package e2e
