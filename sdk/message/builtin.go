package message

import "text/template"

// builtin are the templates that need none of the admin's. The words come with the view, so that one template does for
// all languages.
var builtin = template.Must(template.New("").Funcs(functions).Parse(
	`{{define "title"}}[{{.KindLabel}}]{{with .Severity}} [{{.}}]{{end}} {{or .Name .Rule .ID}}{{end}}` +

		`{{define "line"}}[{{.KindLabel}}] {{or .Name .Rule .ID}}{{with .Description}}: {{.}}{{end}}` +
		`{{with .Keys}} ({{range $i, $p := .}}{{if $i}} {{end}}{{$p.Name}}={{$p.Value}}{{end}}){{end}}{{end}}` +

		`{{define "text"}}{{template "title" .}}

{{range .Facts}}{{.Name}}: {{.Value}}
{{end}}{{end}}` +

		`{{define "html"}}<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{{template "title" .}}</title></head>
<body style="font-family:sans-serif">
<h2>{{template "title" .}}</h2>
<table style="border-collapse:collapse">
{{range .Facts}}<tr><th style="text-align:left;vertical-align:top;padding:2px 12px 2px 0">{{.Name}}</th><td>{{.Value}}</td></tr>
{{end}}</table>
{{with .URL}}<p><a href="{{.}}">{{.}}</a></p>
{{end}}</body></html>
{{end}}`))
