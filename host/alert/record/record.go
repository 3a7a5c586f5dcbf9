// Package record keeps alerts: what was raised, once for each id and before the detector's place in the journal moves on,
// who has taken it up, how it was judged, and the events that prove it.
package record
