package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// RetentionPolicy is how long events of each type are kept.
type RetentionPolicy struct {
	Rows []RetentionRow `json:"rows"`
	Gaps []string       `json:"gaps"` // where it is shorter than the log standard asks for
}

// RetentionRow is how long events of one type are kept.
type RetentionRow struct {
	DeviceType   string `json:"device_type"`
	LogType      string `json:"log_type"` // all stands for those without a row
	Class        string `json:"class"`
	OnlineDays   int    `json:"online_days"`
	ArchiveYears int    `json:"archive_years"`
	Changed      bool   `json:"changed"` // from the log standard, or not in it
}

// RetentionPlan says what a policy takes on disk. Sizes are bytes.
type RetentionPlan struct {
	Days         int           `json:"days"` // that were measured; 0: nothing is stored yet
	Classes      []ClassPlan   `json:"classes"`
	Datasets     []DatasetPlan `json:"datasets"`
	OnlineBytes  int64         `json:"online_bytes"` // in the end
	ArchiveBytes int64         `json:"archive_bytes"`
	FreeBytes    int64         `json:"free_bytes"` // of the disk with the data
	DaysLeft     int           `json:"days_left"`  // until it is full; -1: not within ten years
	ArchiveHere  bool          `json:"archive_here"`
	Gaps         []string      `json:"gaps"`
	Notes        []string      `json:"notes"`
}

// ClassPlan is what a class takes.
type ClassPlan struct {
	Class         string `json:"class"`
	OnlineDays    int    `json:"online_days"`
	ArchiveYears  int    `json:"archive_years"`
	Events        int64  `json:"events"` // online now
	Bytes         int64  `json:"bytes"`
	Oldest        string `json:"oldest,omitempty"` // day
	DayBytes      int64  `json:"day_bytes"`
	ArchivedBytes int64  `json:"archived_bytes"`
	OnlineNeed    int64  `json:"online_need"`
	ArchiveNeed   int64  `json:"archive_need"`
}

// DatasetPlan is what a source adds a day.
type DatasetPlan struct {
	Dataset   string `json:"dataset"`
	Class     string `json:"class"`
	DayEvents int64  `json:"day_events"`
	DayBytes  int64  `json:"day_bytes"`
}

// RetentionStatus is what is being moved, and what was since the host started.
type RetentionStatus struct {
	Working       bool      `json:"working"`
	Doing         string    `json:"doing,omitempty"`
	Done          int64     `json:"done"` // events of it
	Of            int64     `json:"of"`
	Rounds        int64     `json:"rounds"`
	LastEnd       time.Time `json:"last_end,omitzero"`
	Error         string    `json:"error,omitempty"`
	Failures      int64     `json:"failures"`
	Archived      int64     `json:"archived"`
	ArchivedBytes int64     `json:"archived_bytes"`
	Dropped       int64     `json:"dropped"`
	Deleted       int64     `json:"deleted"`
	Restored      int64     `json:"restored"`
	Expired       int64     `json:"expired"`
	Overdue       int       `json:"overdue"`
	OldestOverdue string    `json:"oldest_overdue,omitempty"`
}

// RetentionPolicy returns the host's policy.
func (c *Client) RetentionPolicy(ctx context.Context) (*RetentionPolicy, error) {
	return call[RetentionPolicy](ctx, c, get("retention", "policy"))
}

// RetentionPlan returns what the policy takes.
func (c *Client) RetentionPlan(ctx context.Context) (*RetentionPlan, error) {
	return call[RetentionPlan](ctx, c, get("retention", "plan"))
}

// RetentionStatus returns what is being moved.
func (c *Client) RetentionStatus(ctx context.Context) (*RetentionStatus, error) {
	return call[RetentionStatus](ctx, c, get("retention", "status"))
}

// RunRetention archives, drops and deletes what is due now; before, yyyy-MM-dd, archives the partitions of earlier days,
// too, though their online time is not over. progress is told now and then; nil is not. It ends with ctx.
func (c *Client) RunRetention(ctx context.Context, before string, progress func(RetentionStatus)) (*RetentionStatus, error) {
	return follow[RetentionStatus](ctx, c, []string{"retention", "run"}, map[string]string{"before": before}, progress)
}

// ArchiveList is what is in the archive.
type ArchiveList struct {
	Where      string              `json:"where"`
	Records    int                 `json:"records"` // of the chain
	Head       string              `json:"head"`    // SHA-256 of the last one
	Partitions []ArchivedPartition `json:"partitions"`
}

// ArchivedPartition is a partition in the archive.
type ArchivedPartition struct {
	Name     string    `json:"name"`
	Class    string    `json:"class"`
	Day      string    `json:"day"` // of event.ingested, UTC
	Part     int       `json:"part"`
	Format   string    `json:"format"`
	Events   int64     `json:"events"`
	RawBytes int64     `json:"raw_bytes"`
	Bytes    int64     `json:"bytes"`
	From     time.Time `json:"from"` // first and last @timestamp
	To       time.Time `json:"to"`
	Archived time.Time `json:"archived"`
	Until    time.Time `json:"until"` // when its years are over
	Held     string    `json:"held,omitempty"`
}

// Archive lists the archived partitions.
func (c *Client) Archive(ctx context.Context) (*ArchiveList, error) {
	return call[ArchiveList](ctx, c, get("archive"))
}

// ArchivedManifest returns the manifest of an archived partition as it is in the archive.
func (c *Client) ArchivedManifest(ctx context.Context, name string) (json.RawMessage, error) {
	m, err := call[json.RawMessage](ctx, c, get("archive", "partitions", name))
	if err != nil {
		return nil, err
	}
	return *m, nil
}

// DeleteArchived removes a partition from the archive for good; early although its years are not over.
func (c *Client) DeleteArchived(ctx context.Context, name string, early bool) error {
	p := url.Values{}
	setFlag(p, "before_its_time", early)
	return c.nothing(ctx, request{method: http.MethodDelete, path: []string{"archive", "partitions", name}, params: p})
}

// HoldArchived keeps a partition from being deleted until it is released.
func (c *Client) HoldArchived(ctx context.Context, name, reason string) (*ArchivedPartition, error) {
	return c.changeHold(ctx, name, "hold", reason)
}

// ReleaseArchived ends a hold.
func (c *Client) ReleaseArchived(ctx context.Context, name, reason string) (*ArchivedPartition, error) {
	return c.changeHold(ctx, name, "release", reason)
}

func (c *Client) changeHold(ctx context.Context, name, what, reason string) (*ArchivedPartition, error) {
	r, err := request{method: http.MethodPost, path: []string{"archive", "partitions", name, what}, once: true}.json(map[string]string{"reason": reason})
	if err != nil {
		return nil, err
	}
	return call[ArchivedPartition](ctx, c, r)
}

// ArchiveReport is what a verification found.
type ArchiveReport struct {
	Records    int              `json:"records"`
	Head       string           `json:"head"`
	Partitions int              `json:"partitions"`
	Files      int              `json:"files"`
	Bytes      int64            `json:"bytes"`
	Problems   []ArchiveProblem `json:"problems"` // none: all is as it was written
	Notes      []string         `json:"notes"`
}

// ArchiveProblem is something that is not as it was written.
type ArchiveProblem struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// VerifyArchive reads the whole archive. progress is told how many bytes of how many are done; nil is not.
func (c *Client) VerifyArchive(ctx context.Context, progress func(done, of int64)) (*ArchiveReport, error) {
	type bytes struct {
		Done int64 `json:"done"`
		Of   int64 `json:"of"`
	}
	return follow[ArchiveReport](ctx, c, []string{"archive", "verify"}, struct{}{}, func(p bytes) {
		if progress != nil {
			progress(p.Done, p.Of)
		}
	})
}

// ArchiveProgress is how far a search of the archive is.
type ArchiveProgress struct {
	Partitions int   `json:"partitions"` // that the range meets
	Files      int   `json:"files"`      // of events in them
	Needed     int   `json:"needed"`     // that can have matching events
	Fetched    int64 `json:"fetched"`    // bytes brought to the host
}

// SearchArchive returns one page of archived events, which are searched where they are. From and To are required.
func (c *Client) SearchArchive(ctx context.Context, r SearchRequest, progress func(ArchiveProgress)) (*Page, error) {
	return follow[Page](ctx, c, []string{"archive", "search"}, r, progress)
}

// RestoredPartition is what was brought back.
type RestoredPartition struct {
	Partition string    `json:"partition"`
	Events    int64     `json:"events"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Expires   time.Time `json:"expires"`
}

// RestoreArchived brings an archived partition back into the store, for a time such as 7d or 12h.
func (c *Client) RestoreArchived(ctx context.Context, name, forTime string, progress func(RetentionStatus)) (*RestoredPartition, error) {
	return follow[RestoredPartition](ctx, c, []string{"archive", "restore"}, map[string]string{"name": name, "for": forTime}, progress)
}

// maxFollowLine bounds one line of what is followed: a page of the biggest events.
const maxFollowLine = 1 << 30

// follow starts a long work and reads its lines until the result. It is not sent again once it may have begun.
func follow[T, P any](ctx context.Context, c *Client, path []string, body any, progress func(P)) (*T, error) {
	r, err := request{method: http.MethodPost, path: path, once: true}.json(body)
	if err != nil {
		return nil, err
	}
	var result *T
	err = c.do(ctx, r, func(res *http.Response) error {
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, maxFollowLine)
		for lines.Scan() {
			var l struct {
				Progress *P `json:"progress"`
				Result   *T `json:"result"`
				Error    *struct {
					Code    string `json:"code"`
					Message string `json:"message"`
					Hint    string `json:"hint"`
				} `json:"error"`
			}
			d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
			d.UseNumber()
			if err := d.Decode(&l); err != nil {
				return decodeError(err)
			}
			switch {
			case l.Error != nil:
				return &answerError{&Error{Status: http.StatusOK, Code: l.Error.Code, Message: l.Error.Message, Hint: l.Error.Hint}}
			case l.Result != nil:
				result = l.Result
			case l.Progress != nil && progress != nil:
				progress(*l.Progress)
			}
		}
		if err := lines.Err(); err != nil {
			return err
		}
		if result == nil {
			return errors.New("the host ended before the work was done")
		}
		return nil
	})
	return result, err
}
