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
			r.text(datum(name), e)
			return
		}
		r.insert(e.Text(), e.Escaped())
	case rendering:
		if string(e.Name()) == "Message" {
			r.text(message, e)
		}
	}
}

func (r *record) system(e *xmlscan.Iter) {
	switch string(e.Name()) {
	case "Provider":
		r.attr(provider, e, "Name")
	case "EventID":
		r.text(eventID, e)
	case "Level":
		r.text(level, e)
	case "Keywords":
		r.keyword(e.Text())
	case "TimeCreated":
		r.attr(created, e, "SystemTime")
	case "EventRecordID":
		r.text(recordID, e)
	case "Execution":
		r.attr(execPID, e, "ProcessID")
	case "Channel":
		r.text(channel, e)
	case "Computer":
		r.text(computer, e)
	case "Security":
		r.attr(userSID, e, "UserID")
	}
}

func (r *record) text(s slot, e *xmlscan.Iter) {
	if s != none {
		r.put(s, e.Text(), e.Escaped())
	}
}

func (r *record) attr(s slot, e *xmlscan.Iter, name string) {
	v := e.Attr(name)
	r.put(s, v, bytes.IndexByte(v, '&') >= 0)
}
