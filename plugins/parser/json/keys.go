package main

import (
	"github.com/logcenter/logcenter/sdk/ecs"
	"github.com/logcenter/logcenter/sdk/keys"
)

// how says by which setter a value becomes a field.
type how uint8

const (
	text  how = iota
	first     // text, unless an earlier key set the field
	port
	transport
	whole
	date
	level
	moment // of @timestamp
	seconds
	nanos
	message
	category
	kindOf    // event.type
	verb      // a method of HTTP, where it looks like one
	state     // a status of HTTP, or how something ended where it is known by its word
	origin    // a source file, with or without the number of a line
	templated // a message with gaps
	failure   // of an error: its text, or one of several lines
	trace     // of an error: its stack
	thrown    // of an error: its class
	status
	location
	action
	outcome
	success
	account
	logger
	address // with or without a port
	milliseconds
	interval // a number with its unit
)

// target is what becomes of the value at a path.
type target struct {
	how   how
	field ecs.Field
}

// paths are keys, those of inner objects behind a dot, by what they are.
var paths = keys.New(map[string]target{
	// When.
	"@timestamp": {moment, 0}, "timestamp": {moment, 0}, "Timestamp": {moment, 0}, "time": {moment, 0}, "Time": {moment, 0}, "ts": {moment, 0},
	"t": {moment, 0}, "@t": {moment, 0}, "datetime": {moment, 0}, "date": {moment, 0}, "asctime": {moment, 0}, "timeMillis": {moment, 0},
	"eventTime": {moment, 0}, "event_time": {moment, 0}, "log_time": {moment, 0}, "logTime": {moment, 0}, "timeUnixNano": {moment, 0}, "TimeCreated": {moment, 0},
	"instant.epochSecond": {seconds, 0}, "instant.nanoOfSecond": {nanos, 0}, "observedTimestamp": {date, ecs.EventCreated},

	// How bad.
	"level": {level, 0}, "Level": {level, 0}, "severity": {level, 0}, "Severity": {level, 0}, "lvl": {level, 0}, "@l": {level, 0}, "levelname": {level, 0},
	"level_name": {level, 0}, "loglevel": {level, 0}, "log_level": {level, 0}, "logLevel": {level, 0}, "log.level": {level, 0},
	"severityText": {level, 0}, "severity_text": {level, 0}, "SeverityText": {level, 0},

	// What.
	"msg": {message, 0}, "message": {message, 0}, "Message": {message, 0}, "@m": {message, 0}, "RenderedMessage": {message, 0}, "short_message": {message, 0},
	"event": {message, 0}, "log": {message, 0}, "body": {message, 0}, "Body": {message, 0}, "body.stringValue": {message, 0}, "message.text": {message, 0},
	"@mt": {templated, 0}, "MessageTemplate": {templated, 0}, "messageTemplate": {templated, 0}, "full_message": {text, fullMessage}, "@i": {text, ecs.EventCode},
	"EventId": {text, ecs.EventCode}, "EventID": {text, ecs.EventCode}, "EventId.Id": {text, ecs.EventCode}, "event.code": {text, ecs.EventCode}, "code": {text, ecs.EventCode},

	// Where in the program.
	"logger": {logger, 0}, "Logger": {logger, 0}, "loggerName": {logger, 0}, "logger_name": {logger, 0}, "log.logger": {logger, 0}, "name": {logger, 0},
	"channel": {logger, 0}, "target": {logger, 0}, "SourceContext": {logger, 0}, "Properties.SourceContext": {logger, 0}, "caller": {origin, 0}, "file": {origin, 0},
	"filename": {text, ecs.LogOriginFileName}, "source.file": {text, ecs.LogOriginFileName}, "log.origin.file.name": {text, ecs.LogOriginFileName}, "line": {whole, ecs.LogOriginFileLine},
	"lineno": {whole, ecs.LogOriginFileLine}, "line_number": {whole, ecs.LogOriginFileLine}, "source.line": {whole, ecs.LogOriginFileLine}, "log.origin.file.line": {whole, ecs.LogOriginFileLine},
	"func": {text, ecs.LogOriginFunction}, "funcName": {text, ecs.LogOriginFunction}, "function": {text, ecs.LogOriginFunction}, "method_name": {text, ecs.LogOriginFunction},
	"source.function": {text, ecs.LogOriginFunction}, "log.origin.function": {text, ecs.LogOriginFunction}, "source.method": {text, ecs.LogOriginFunction},
	"thread": {text, ecs.ProcessThreadName}, "threadName": {text, ecs.ProcessThreadName}, "thread_name": {text, ecs.ProcessThreadName}, "process.thread.name": {text, ecs.ProcessThreadName},
	"threadId": {whole, ecs.ProcessThreadID}, "thread_id": {whole, ecs.ProcessThreadID}, "ThreadId": {whole, ecs.ProcessThreadID}, "process.thread.id": {whole, ecs.ProcessThreadID},
	"pid": {whole, ecs.ProcessPID}, "process.pid": {whole, ecs.ProcessPID}, "ProcessId": {whole, ecs.ProcessPID}, "processId": {whole, ecs.ProcessPID},
	"process": {whole, ecs.ProcessPID}, "processName": {text, ecs.ProcessName}, "process.name": {text, ecs.ProcessName},

	// Errors. error.message and error.type are the host's.
	"error": {failure, 0}, "err": {failure, 0}, "exception": {failure, 0}, "Exception": {failure, 0}, "exc_info": {failure, 0}, "@x": {failure, 0},
	"error.message": {failure, 0}, "err.message": {failure, 0}, "err.msg": {failure, 0}, "exception.message": {failure, 0}, "thrown.message": {failure, 0},
	"Exception.Message": {failure, 0}, "context.exception.message": {failure, 0}, "attributes.exception.message": {failure, 0}, "errorMessage": {failure, 0},
	"error.type": {thrown, 0}, "err.type": {thrown, 0}, "err.name": {thrown, 0}, "exception.class": {thrown, 0}, "exception.type": {thrown, 0},
	"exception.exception_class": {thrown, 0}, "thrown.name": {thrown, 0}, "context.exception.class": {thrown, 0}, "attributes.exception.type": {thrown, 0},
	"error.name": {thrown, 0}, "error.stack_trace": {trace, 0}, "error.stack": {trace, 0}, "err.stack": {trace, 0}, "stack": {trace, 0}, "stacktrace": {trace, 0},
	"stack_trace": {trace, 0}, "stackTrace": {trace, 0}, "errorVerbose": {trace, 0}, "thrown.extendedStackTrace": {trace, 0},
	"exception.stacktrace": {trace, 0}, "exception.exception_message": {failure, 0}, "attributes.exception.stacktrace": {trace, 0},
	"error.code": {text, errorCode}, "err.code": {text, errorCode}, "error_code": {text, errorCode}, "errorCode": {text, errorCode},

	// Who runs.
	"host": {text, ecs.HostName}, "hostname": {text, ecs.HostName}, "host.name": {text, ecs.HostName}, "host.hostname": {text, ecs.HostName},
	"HOSTNAME": {text, ecs.HostName}, "MachineName": {text, ecs.HostName}, "Computer": {text, ecs.HostName}, "source_host": {text, ecs.HostName}, "Properties.MachineName": {text, ecs.HostName}, "resource.host.name": {text, ecs.HostName},
	"service": {text, ecs.ServiceName}, "service.name": {text, ecs.ServiceName}, "service_name": {text, ecs.ServiceName}, "serviceName": {text, ecs.ServiceName},
	"app": {text, ecs.ServiceName}, "appName": {text, ecs.ServiceName}, "app_name": {text, ecs.ServiceName}, "appname": {text, ecs.ServiceName},
	"application": {text, ecs.ServiceName}, "Application": {text, ecs.ServiceName}, "resource.service.name": {text, ecs.ServiceName},
	"service.version": {text, serviceVersion}, "app_version": {text, serviceVersion}, "service.environment": {text, serviceEnvironment},
	"env": {text, serviceEnvironment}, "environment": {text, serviceEnvironment}, "container.id": {text, ecs.ContainerID}, "container_id": {text, ecs.ContainerID},

	// Which request.
	"trace_id": {text, ecs.TraceID}, "traceId": {text, ecs.TraceID}, "traceID": {text, ecs.TraceID}, "TraceId": {text, ecs.TraceID}, "trace.id": {text, ecs.TraceID},
	"@tr": {text, ecs.TraceID}, "dd.trace_id": {text, ecs.TraceID}, "span_id": {text, ecs.SpanID}, "spanId": {text, ecs.SpanID}, "SpanId": {text, ecs.SpanID},
	"span.id": {text, ecs.SpanID}, "@sp": {text, ecs.SpanID}, "dd.span_id": {text, ecs.SpanID}, "transaction.id": {text, transactionID},
	"request_id": {text, ecs.HTTPRequestID}, "requestId": {text, ecs.HTTPRequestID}, "RequestId": {text, ecs.HTTPRequestID}, "req_id": {text, ecs.HTTPRequestID}, "reqId": {text, ecs.HTTPRequestID},
	"req.id": {text, ecs.HTTPRequestID}, "http.request.id": {text, ecs.HTTPRequestID}, "correlation_id": {text, ecs.HTTPRequestID}, "correlationId": {text, ecs.HTTPRequestID},
	"CorrelationId": {text, ecs.HTTPRequestID}, "session_id": {text, sessionID}, "sessionId": {text, sessionID},
	"method": {verb, 0}, "http_method": {text, ecs.HTTPRequestMethod}, "http.method": {text, ecs.HTTPRequestMethod}, "req.method": {text, ecs.HTTPRequestMethod},
	"request.method": {text, ecs.HTTPRequestMethod}, "RequestMethod": {text, ecs.HTTPRequestMethod}, "http.request.method": {text, ecs.HTTPRequestMethod},
	"url": {location, 0}, "uri": {location, 0}, "path": {location, 0}, "request_uri": {location, 0}, "requestUri": {location, 0}, "req.url": {location, 0},
	"request.url": {location, 0}, "RequestPath": {location, 0}, "http.url": {location, 0}, "http.target": {location, 0}, "url.original": {location, 0}, "url.full": {location, 0},
	"url.path": {first, ecs.URLPath}, "url.query": {first, ecs.URLQuery}, "url.domain": {first, ecs.URLDomain},
	"status": {state, 0}, "status_code": {status, 0}, "statusCode": {status, 0}, "StatusCode": {status, 0}, "res.statusCode": {status, 0},
	"http.status": {status, 0}, "http.status_code": {status, 0}, "http.response.status_code": {status, 0}, "response.status": {status, 0},
	"bytes": {whole, ecs.HTTPResponseBytes}, "bytes_sent": {whole, ecs.HTTPResponseBytes}, "bytes_out": {whole, ecs.HTTPResponseBytes}, "responseSize": {whole, ecs.HTTPResponseBytes},
	"http.response.bytes": {whole, ecs.HTTPResponseBytes}, "http.response.body.bytes": {whole, ecs.HTTPResponseBodyBytes}, "bytes_in": {whole, ecs.HTTPRequestBytes},
	"http.request.bytes": {whole, ecs.HTTPRequestBytes}, "http.version": {text, ecs.HTTPVersion}, "user_agent": {text, ecs.UserAgentOriginal}, "userAgent": {text, ecs.UserAgentOriginal},
	"http_user_agent": {text, ecs.UserAgentOriginal}, "user_agent.original": {text, ecs.UserAgentOriginal}, "req.headers.user-agent": {text, ecs.UserAgentOriginal},
	"referer": {text, ecs.HTTPRequestReferrer}, "http_referer": {text, ecs.HTTPRequestReferrer}, "referrer": {text, ecs.HTTPRequestReferrer}, "req.headers.referer": {text, ecs.HTTPRequestReferrer},
	"http.request.referrer": {text, ecs.HTTPRequestReferrer}, "protocol": {transport, 0}, "proto": {transport, 0},
	"network.transport": {transport, 0}, "network.protocol": {text, ecs.NetworkProtocol},

	// How long.
	"duration_ms": {milliseconds, 0}, "durationMs": {milliseconds, 0}, "elapsed_ms": {milliseconds, 0}, "elapsedMs": {milliseconds, 0}, "latency_ms": {milliseconds, 0},
	"elapsedMilliseconds": {milliseconds, 0}, "ElapsedMilliseconds": {milliseconds, 0}, "Elapsed": {milliseconds, 0}, "responseTime": {milliseconds, 0},
	"response_time_ms": {milliseconds, 0}, "took_ms": {milliseconds, 0}, "time_taken_ms": {milliseconds, 0}, "cost_ms": {milliseconds, 0},
	"duration": {interval, 0}, "elapsed": {interval, 0}, "latency": {interval, 0}, "took": {interval, 0}, "request_time": {interval, 0},
	"event.duration": {whole, ecs.EventDuration},

	// Between whom.
	"ip": {address, ecs.SourceIP}, "client_ip": {address, ecs.SourceIP}, "clientIp": {address, ecs.SourceIP}, "ClientIp": {address, ecs.SourceIP}, "client.ip": {address, ecs.SourceIP},
	"remote_ip": {address, ecs.SourceIP}, "remote_addr": {address, ecs.SourceIP}, "remoteAddr": {address, ecs.SourceIP}, "remoteAddress": {address, ecs.SourceIP},
	"remote": {address, ecs.SourceIP}, "peer": {address, ecs.SourceIP}, "req.remoteAddress": {address, ecs.SourceIP}, "req.ip": {address, ecs.SourceIP}, "src_ip": {address, ecs.SourceIP},
	"srcip": {address, ecs.SourceIP}, "src": {address, ecs.SourceIP}, "source_ip": {address, ecs.SourceIP}, "sourceIp": {address, ecs.SourceIP}, "source.ip": {address, ecs.SourceIP},
	"sourceIPAddress": {address, ecs.SourceIP}, "source.address": {text, ecs.SourceAddress}, "src_port": {port, ecs.SourcePort}, "srcport": {port, ecs.SourcePort},
	"source.port": {port, ecs.SourcePort}, "client.port": {port, ecs.SourcePort}, "req.remotePort": {port, ecs.SourcePort},
	"dst_ip": {address, ecs.DestinationIP}, "dstip": {address, ecs.DestinationIP}, "dst": {address, ecs.DestinationIP}, "dest_ip": {address, ecs.DestinationIP},
	"destination_ip": {address, ecs.DestinationIP}, "destination.ip": {address, ecs.DestinationIP}, "server_ip": {address, ecs.DestinationIP}, "server.ip": {address, ecs.DestinationIP},
	"dst_port": {port, ecs.DestinationPort}, "dstport": {port, ecs.DestinationPort}, "dest_port": {port, ecs.DestinationPort}, "destination.port": {port, ecs.DestinationPort},
	"server.port": {port, ecs.DestinationPort}, "destination.address": {text, ecs.DestinationAddress}, "source.bytes": {whole, ecs.SourceBytes},
	"destination.bytes": {whole, ecs.DestinationBytes}, "network.bytes": {whole, ecs.NetworkBytes},

	// Who, and what was done.
	"user": {account, 0}, "username": {account, 0}, "user_name": {account, 0}, "userName": {account, 0}, "UserName": {account, 0}, "user.name": {account, 0}, "usr": {account, 0},
	"login": {account, 0}, "account": {account, 0}, "operator": {account, 0}, "userIdentity.userName": {account, 0}, "user_id": {text, ecs.UserID}, "userId": {text, ecs.UserID}, "UserId": {text, ecs.UserID},
	"user.id": {text, ecs.UserID}, "uid": {text, ecs.UserID}, "user.domain": {text, ecs.UserDomain}, "password": {text, ecs.UserPassword}, "passwd": {text, ecs.UserPassword},
	"pwd": {text, ecs.UserPassword}, "user.password": {text, ecs.UserPassword}, "action": {action, 0}, "event.action": {action, 0}, "operation": {action, 0},
	"event_type": {action, 0}, "eventType": {action, 0}, "eventName": {action, 0}, "outcome": {outcome, 0}, "result": {outcome, 0}, "event.outcome": {outcome, 0},
	"Operation": {action, 0}, "activityDisplayName": {action, 0}, "initiatedBy.user.userPrincipalName": {account, 0},
	"initiatedBy.user.ipAddress": {address, ecs.SourceIP}, "ClientIP": {address, ecs.SourceIP}, "clientIP": {address, ecs.SourceIP},
	"ipAddress": {address, ecs.SourceIP}, "ComputerName": {text, ecs.HostName}, "SeverityName": {level, 0},
	"success": {success, 0}, "reason": {text, ecs.EventReason}, "event.reason": {text, ecs.EventReason}, "event.category": {category, 0},
	"event.type": {kindOf, 0}, "event.start": {date, ecs.EventStart}, "event.end": {date, ecs.EventEnd}, "event.sequence": {whole, ecs.EventSequence},
	"file.path": {text, ecs.FilePath}, "file.name": {text, ecs.FileName}, "file.size": {whole, ecs.FileSize}, "rule.name": {text, ecs.RuleName}, "rule.id": {text, ecs.RuleID},
	"tags": {text, ecs.Tags}, "process.executable": {text, ecs.ProcessExecutable}, "process.command_line": {text, ecs.ProcessCommandLine},
})

// What ECS has, but the SDK does not yet name.
var (
	serviceEnvironment = ecs.New("service.environment", ecs.Keyword, "Stage that the service runs in, e.g. production.")
	serviceVersion     = ecs.New("service.version", ecs.Keyword, "Release of the service.")
	transactionID      = ecs.New("transaction.id", ecs.Keyword, "Unit of work within the trace that the event belongs to.")
)

// What has no name in ECS.
var (
	content     = ecs.New("json.message", ecs.Keyword, "Text that the application logged.")
	errorCode   = ecs.New("json.error_code", ecs.Keyword, "The application's code for what went wrong.")
	errorText   = ecs.New("json.error", ecs.Keyword, "What went wrong, in the application's words.")
	errorClass  = ecs.New("json.error_type", ecs.Keyword, "Class of the exception or error that was thrown.")
	fullMessage = ecs.New("json.full_message", ecs.Keyword, "Long text beside the short one, in GELF.")
	levelWord   = ecs.New("json.level", ecs.Keyword, "Level in the application's word.")
	resultText  = ecs.New("json.outcome", ecs.Keyword, "How it ended in the application's words, where they are not ECS's.")
	sessionID   = ecs.New("json.session_id", ecs.Keyword, "The application's session that the request belongs to.")
	template    = ecs.New("json.message_template", ecs.Keyword, "Text with gaps that the message was made of, the same for all lines of its kind.")
)
