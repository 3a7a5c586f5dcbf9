package outbox

import "github.com/logcenter/logcenter/host/metadata"

// Schema is what the metadata store keeps for this package.
var Schema = metadata.Schema{Package: "outbox", Migrations: []string{`
CREATE TABLE outbox_delivery (
	id       INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of adding
	alert    TEXT NOT NULL,
	channel  TEXT NOT NULL,
	kind     TEXT NOT NULL,
	rule     TEXT NOT NULL,
	name     TEXT NOT NULL,    -- of the alert
	severity TEXT NOT NULL,
	routed   TEXT NOT NULL,    -- what sends it here: rule, route NAME, default, escalation NAME
	state    TEXT NOT NULL,    -- waiting, delivered or dead
	tries    INTEGER NOT NULL, -- since it was added or redriven
	reason   TEXT NOT NULL,    -- of the last try that failed, or why it is dead
	added    INTEGER NOT NULL,
	since    INTEGER NOT NULL, -- added or redriven
	due      INTEGER NOT NULL,
	ended    INTEGER,          -- delivered or dead
	body     BLOB,             -- wire.Alert; NULL once it is delivered
	UNIQUE (alert, channel)
) STRICT;
CREATE INDEX outbox_delivery_waiting ON outbox_delivery (channel, id) WHERE state = 'waiting';
CREATE INDEX outbox_delivery_since ON outbox_delivery (since) WHERE state = 'waiting';
CREATE INDEX outbox_delivery_ended ON outbox_delivery (state, ended) WHERE state <> 'waiting';

CREATE TABLE outbox_escalation (
	alert TEXT NOT NULL,
	name  TEXT NOT NULL,    -- of the escalation in the configuration
	told  INTEGER NOT NULL, -- how often
	due   INTEGER NOT NULL,
	body  BLOB NOT NULL,    -- wire.Alert
	PRIMARY KEY (alert, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_escalation_due ON outbox_escalation (due);
`}}
