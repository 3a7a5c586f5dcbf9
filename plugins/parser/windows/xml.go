package main

import (
	"bytes"

	"github.com/logcenter/logcenter/sdk/xmlscan"
)

// section is the part of an event that an element stands in.
type section uint8

const (
	outside section = iota
	system
	eventData
	rendering
)

// xml reads an event in XML, see "Event Schema".
func (r *record) xml(body []byte) error {
	r.decode = xmlscan.AppendUnescaped
	at := outside
	it := xmlscan.Scan(body)
	for it.Next() {
		if it.Depth() > 2 {
			r.element(at, it)
			continue
		}
		switch string(it.Name()) {
		case "System":
			at = system
		case "EventData", "UserData":
			at = eventData
		case "RenderingInfo":
			at = rendering
		default:
			at = outside
		}
	}
	if it.Err() != nil {
		return errXML
	}
	return nil
}

func (r *record) element(at section, e *xmlscan.Iter) {
	switch at {
	case system:
		r.system(e)
	case eventData:
		if string(e.Name()) != "Data" { // of UserData, whose elements have names of their own
			if s := datum(e.Name()); s != none {
				r.put(s, bytes.TrimSpace(e.Text()), e.Escaped())
			}
			return
		}
		if name := e.Attr("Name"); name != nil {
			r.putText(datum(name), e)
			return
		}
		r.insert(e.Text(), e.Escaped())
	case rendering:
		switch string(e.Name()) {
		case "Message":
			r.putText(message, e)
		case "Task":
			r.putText(taskCategory, e)
		}
	}
}

func (r *record) system(e *xmlscan.Iter) {
	switch string(e.Name()) {
	case "Provider":
		r.attr(provider, e, "Name")
	case "EventID":
		r.putText(eventID, e)
	case "Level":
		r.putText(level, e)
	case "Keywords":
		r.keyword(e.Text())
	case "TimeCreated":
		r.attr(created, e, "SystemTime")
	case "EventRecordID":
		r.putText(recordID, e)
	case "Execution":
		r.attr(execPID, e, "ProcessID")
		r.attr(threadID, e, "ThreadID")
	case "Correlation":
		r.attr(activityID, e, "ActivityID")
	case "Channel":
		r.putText(channel, e)
	case "Computer":
		r.putText(computer, e)
	case "Security":
		r.attr(userSID, e, "UserID")
	}
}

func (r *record) putText(s slot, e *xmlscan.Iter) {
	if s != none {
		r.put(s, e.Text(), e.Escaped())
	}
}

func (r *record) attr(s slot, e *xmlscan.Iter, name string) {
	v := e.Attr(name)
	r.put(s, v, bytes.IndexByte(v, '&') >= 0)
}
