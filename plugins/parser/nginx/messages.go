package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/template"
)

// shape is a message of the error log that says more than that there is an error. Without a category it is one of
// the web; without a type its level says that. field is what %{v} is.
type shape struct {
	pattern, category, typ, outcome string
	field                           ecs.Field
}

var shapes = []shape{
	{`user "%{v}" was not found in %{}`, "authentication", "start", "failure", ecs.UserName},
	{`user "%{v}": password mismatch`, "authentication", "start", "failure", ecs.UserName},
	{`no user/password was provided for basic authentication`, "authentication", "start", "failure", 0},
	{`PAM: user '%{v}' - %{}`, "authentication", "start", "failure", ecs.UserName},
	{`client login failed: %{}`, "authentication", "start", "failure", 0},
	{`access forbidden by rule%{}`, "", "denied", "failure", 0},
	{`directory index of "%{v}" is forbidden`, "", "denied", "failure", ecs.FilePath},
	{`limiting requests, excess: %{:number} by zone "%{v}"`, "", "denied", "failure", zoneOf},
	{`limiting requests, dry run, excess: %{:number} by zone "%{v}"`, "", "info", "", zoneOf},
	{`limiting connections by zone "%{v}"`, "", "denied", "failure", zoneOf},
	{`delaying request, excess: %{:number}, by zone "%{v}"`, "", "info", "", zoneOf},
	{`client intended to send too large body: %{:int} bytes`, "", "denied", "failure", 0},
	{`client SSL certificate verify error: %{}`, "authentication", "start", "failure", 0},
	{`an upstream response is buffered to a temporary file %{v}`, "", "", "", ecs.FilePath},
	{`a client request body is buffered to a temporary file %{v}`, "", "", "", ecs.FilePath},
	{`open() "%{v}" failed %{}`, "", "error", "failure", ecs.FilePath},
	{`"%{v}" is forbidden %{}`, "", "denied", "failure", ecs.FilePath},
	{`"%{v}" is not found %{}`, "", "error", "failure", ecs.FilePath},
	{`SSL_do_handshake() failed %{}`, "network", "", "failure", 0},
	{`connect() failed %{}`, "network", "connection", "failure", 0},
	{`connect() to %{} failed %{}`, "network", "connection", "failure", 0},
	{`upstream timed out %{}`, "network", "error", "failure", 0},
	{`upstream prematurely closed connection%{}`, "network", "error", "failure", 0},
	{`recv() failed %{}`, "network", "error", "failure", 0},
	{`no live upstreams%{}`, "network", "error", "failure", 0},
	{`SSL_read() failed %{}`, "network", "", "failure", 0},
	{`SSL_shutdown() failed %{}`, "network", "", "failure", 0},
	{`peer closed connection in SSL handshake%{}`, "network", "end", "failure", 0},
	{`client timed out %{}`, "network", "end", "failure", 0},
	{`client prematurely closed connection%{}`, "network", "end", "failure", 0},
	{`client closed connection`, "network", "end", "", 0},
	{`client sent %{}`, "", "denied", "failure", 0},
	{`upstream sent %{}`, "network", "error", "failure", 0},
	{`FastCGI sent in stderr: %{}`, "", "error", "failure", 0},
	{`rewrite or internal redirection cycle%{}`, "", "error", "failure", 0},
	{`bind() to %{} failed %{}`, "process", "error", "failure", 0},
	{`host not found in upstream "%{}" in %{}`, "configuration", "error", "failure", 0},
	{`conflicting server name "%{v}" on %{}`, "configuration", "error", "", server},
	{`stat() "%{v}" failed %{}`, "", "error", "failure", ecs.FilePath},
	{`mkdir() "%{v}" failed %{}`, "", "error", "failure", ecs.FilePath},
	{`unlink() "%{v}" failed %{}`, "", "error", "failure", ecs.FilePath},
	{`chmod() "%{v}" failed %{}`, "", "error", "failure", ecs.FilePath},
	{`opendir() "%{v}" failed %{}`, "", "error", "failure", ecs.FilePath},
	{`lua entry thread aborted: %{}`, "", "error", "failure", 0},
	{`nginx/%{v:word}`, "process", "start", "", ecs.ObserverVersion},
	{`nginx/%{v} (%{}`, "process", "start", "", ecs.ObserverVersion},
	{`openresty/%{v:word}`, "process", "start", "", ecs.ObserverVersion},
	{`start worker processes`, "process", "start", "", 0},
	{`start worker process %{:int}`, "process", "start", "", 0},
	{`reconfiguring`, "configuration", "change", "", 0},
	{`gracefully shutting down`, "process", "end", "", 0},
	{`exiting`, "process", "end", "", 0},
	{`exit`, "process", "end", "", 0},
	{`worker process %{:int} exited on signal %{}`, "process", "end", "failure", 0},
	{`worker process %{:int} exited with code %{}`, "process", "end", "", 0},
	{`signal %{:int} (%{}) received%{}`, "process", "change", "", 0},
	{`signal process started`, "process", "info", "", 0},
}

var messages = func() *template.Set {
	patterns := make([]string, len(shapes))
	for i := range shapes {
		patterns[i] = shapes[i].pattern
	}
	return template.MustSet(patterns...)
}()
