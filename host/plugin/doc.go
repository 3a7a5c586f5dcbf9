// Package plugin runs plugins: it discovers and verifies them, starts each in a process of its own, calls
// it, watches it, restarts it, and takes it out of service when it keeps failing. Crashing plugins are the
// normal case; nothing a plugin does takes the host down or loses an event.
//
// Read manifest.go for what a plugin may do, process.go for one running process, supervisor.go for what
// keeps one running, registry.go for all of them, swap.go for what changes while events flow.
package plugin

import (
	"runtime"
	"time"
)

// How plugins are supervised, all in one place.
const (
	startTimeout  = 15 * time.Second      // from exec to Open answered
	callDeadline  = 10 * time.Second      // one call, where Options say nothing else; longer means it hangs
	lookInterval  = 2 * time.Second       // how soon an idle plugin's death is noticed
	pingEvery     = 5                     // looks, after which it must answer
	pingTimeout   = 5 * time.Second       //
	backoffFirst  = 10 * time.Millisecond // before a restart; doubles with each failed start
	backoffMost   = 10 * time.Second      //
	triesPerBatch = 3                     // before a batch is split to find the event that kills the plugin
	poisonPerCall = 8                     // events found so in one batch before the plugin is quarantined
	startsFailed  = 5                     // failed starts in a row before it is quarantined
	crashesMost   = 60                    // crashes within crashWindow before it is quarantined
	crashWindow   = 5 * time.Minute       //
	spinWindow    = 30 * time.Second      // a processor used for so long without having been asked anything
	closeGrace    = 2 * time.Second       // for a plugin to finish when it is stopped
	settleMost    = 15 * time.Second      // for batches on their way, before a plugin that leaves is stopped
	answersFailed = 10                    // answers in a row that a notifier owes, before it is quarantined
	targetsMost   = 1000                  // of a notifier
	targetBytes   = 128                   // of the name of one
	idleStreams   = 64                    // that are kept for the next calls
	shmSlots      = 4                     // calls in flight with shared memory
	shmSlotBytes  = 8 << 20               // larger bodies travel over the socket
)

// pluginThreads is how many threads of a plugin written in Go run at once: half of what there is, since no plugin
// runs alone, and threads that look for work cost the others.
func pluginThreads() int { return max(1, runtime.GOMAXPROCS(0)/2) }
