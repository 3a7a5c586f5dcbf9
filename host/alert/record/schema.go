package record

import "github.com/logcenter/logcenter/host/metadata"

// Schema is what the metadata store keeps for this package.
//
// A row of record is an alert of any kind, with the id it was raised under. One that repeats another, still open one has
// that one's seq in head; so the row of a head stands for its group. What has a life (an alert that is a head) has a
// state, everything else has none.
var Schema = metadata.Schema{Package: "record", Migrations: []string{`
CREATE TABLE record (
	seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of recording
	id           TEXT NOT NULL UNIQUE,
	kind         TEXT NOT NULL,
	rule         TEXT NOT NULL,
	rule_version TEXT NOT NULL,
	severity     INTEGER NOT NULL, -- place in ecs.Severities
	device       TEXT NOT NULL,
	dataset      TEXT NOT NULL,
	device_rule  TEXT NOT NULL,    -- rule.id of its events
	recorded     INTEGER NOT NULL,
	head         INTEGER,          -- of a repeat
	held         TEXT NOT NULL,    -- why nobody was told: silent, repeat, storm or original; empty: somebody was
	storm        INTEGER,          -- of record_storm, that held it
	told         INTEGER,          -- when somebody was told last, of it or of its repeats
	told_as      INTEGER NOT NULL, -- severity then
	state        TEXT NOT NULL,    -- open, acknowledged or closed; empty: it has no life
	verdict      TEXT NOT NULL,
	assignee     TEXT NOT NULL,
	acknowledged INTEGER,
	closed       INTEGER,
	recovered    INTEGER,
	recovered_by TEXT NOT NULL,
	grouping     TEXT NOT NULL,    -- what repeats have in common: rule and keys
	repeats      INTEGER NOT NULL,
	events       INTEGER NOT NULL, -- behind it and its repeats
	latest       INTEGER NOT NULL, -- of these
	evidence     TEXT NOT NULL,    -- wanted, taken, none
	evidence_due INTEGER,          -- while it is wanted
	words        TEXT NOT NULL,    -- that a search by text looks at, in lower case
	body         BLOB NOT NULL     -- wire.Alert
) STRICT;
CREATE INDEX record_recorded ON record (recorded);
CREATE INDEX record_open ON record (state, seq) WHERE state IN ('open', 'acknowledged');
CREATE UNIQUE INDEX record_group ON record (grouping) WHERE state IN ('open', 'acknowledged');
CREATE INDEX record_rule ON record (rule, seq);
CREATE INDEX record_device ON record (device, seq);
CREATE INDEX record_head ON record (head, seq) WHERE head IS NOT NULL;
CREATE INDEX record_told ON record (rule, told) WHERE told IS NOT NULL AND kind = '';
CREATE INDEX record_told_all ON record (told) WHERE told IS NOT NULL AND kind = '';
CREATE INDEX record_held ON record (storm, seq) WHERE storm IS NOT NULL;
CREATE INDEX record_wanted ON record (evidence_due) WHERE evidence = 'wanted';

CREATE TABLE record_tag (
	tag    TEXT NOT NULL,
	record INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
	PRIMARY KEY (tag, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_tag_record ON record_tag (record);

CREATE TABLE record_key (
	name   TEXT NOT NULL,
	value  TEXT NOT NULL,
	record INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
	PRIMARY KEY (name, value, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_key_record ON record_key (record);

CREATE TABLE record_evidence (
	record INTEGER PRIMARY KEY REFERENCES record ON DELETE CASCADE,
	events INTEGER NOT NULL,
	body   BLOB NOT NULL -- see evidence.go
) STRICT;

CREATE TABLE record_storm (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	rule      TEXT NOT NULL,    -- empty: of all rules together
	began     INTEGER NOT NULL,
	ended     INTEGER,
	held      INTEGER NOT NULL, -- alerts that nobody was told of by themselves
	summaries INTEGER NOT NULL,
	summed    INTEGER NOT NULL, -- seq of the last alert that a summary has told of
	due       INTEGER NOT NULL  -- when the next summary is
) STRICT;
CREATE UNIQUE INDEX record_storm_on ON record_storm (rule) WHERE ended IS NULL;

CREATE TABLE record_case (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	title   TEXT NOT NULL,
	owner   TEXT NOT NULL,
	state   TEXT NOT NULL, -- open or closed
	created INTEGER NOT NULL,
	by      TEXT NOT NULL,
	closed  INTEGER
) STRICT;
CREATE TABLE record_case_alert (
	incident INTEGER NOT NULL REFERENCES record_case,
	record   INTEGER NOT NULL REFERENCES record,
	added    INTEGER NOT NULL,
	PRIMARY KEY (incident, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_case_alert_record ON record_case_alert (record);

CREATE TABLE record_change (
	id       INTEGER PRIMARY KEY AUTOINCREMENT, -- of the stream of changes
	at       INTEGER NOT NULL,
	record   INTEGER REFERENCES record ON DELETE CASCADE,
	incident INTEGER REFERENCES record_case ON DELETE CASCADE,
	by       TEXT NOT NULL, -- empty: the host
	what     TEXT NOT NULL,
	value    TEXT NOT NULL, -- what it is about: an assignee, a verdict, an id
	note     TEXT NOT NULL
) STRICT;
CREATE INDEX record_change_record ON record_change (record) WHERE record IS NOT NULL;
CREATE INDEX record_change_case ON record_change (incident) WHERE incident IS NOT NULL;

CREATE TABLE record_missed (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	at          INTEGER NOT NULL, -- of the attack
	device      TEXT NOT NULL,
	dataset     TEXT NOT NULL,
	rule        TEXT NOT NULL,    -- that should have found it; empty: there is none
	device_rule TEXT NOT NULL,
	description TEXT NOT NULL,
	event_ids   TEXT NOT NULL,    -- JSON
	by          TEXT NOT NULL,
	recorded    INTEGER NOT NULL
) STRICT;
CREATE INDEX record_missed_at ON record_missed (at);

CREATE TABLE record_removed (
	change INTEGER NOT NULL -- the last of the changes that retention has removed
) STRICT;
INSERT INTO record_removed VALUES (0);
`}}
