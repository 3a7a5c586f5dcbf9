package input

import "context"

// Parts stores the records of one request that has an idempotency key. The request is cut into batches
// by size alone, and each batch gets a key of its own from the request's: so a request that is sent again
// after a crash falls into the same batches, of which those that are durable are recognised and the rest
// is stored. That holds as long as encoding, multiline and MaxRecordBytes of the input are not changed in
// between. The same key must come with the same body: what differs is stored or not, batch by batch.
//
// For one goroutine.
type Parts struct {
	ctx         context.Context
	b           *Batcher
	scope, text string
	r           *rows
	n           int // parts stored
	duplicates  int
	records     int
}

// NewParts returns the parts of a request and the feed that fills them. ctx bounds the waiting for the
// journal; scope and text are those of [NewKey], which must accept them. Call Close when done.
func (b *Batcher) NewParts(ctx context.Context, scope, text string) (*Parts, *Feed) {
	p := &Parts{ctx: ctx, b: b, scope: scope, text: text, r: b.spare.Get().(*rows)}
	return p, b.newFeed(p, true)
}

func (p *Parts) add(s *Source, text []byte, mark Mark, at, pos int64) error {
	if !p.r.fits(len(text)) {
		if err := p.store(); err != nil {
			return err
		}
	}
	p.r.add(s, text, mark, at, pos)
	return nil
}

func (p *Parts) store() error {
	key, err := NewKey(p.scope, p.text, p.n)
	if err != nil {
		return err
	}
	res, err := p.b.intake.Append(p.ctx, p.r.finish(), key)
	if err != nil {
		return err
	}
	p.records += p.r.n
	p.n++
	if res.Duplicate {
		p.duplicates++
	} else {
		p.b.count.durable(p.r)
	}
	p.r.reset()
	return nil
}

// Finish stores what is left. records is the number of the request's records; duplicate says that all of
// them had been stored before.
func (p *Parts) Finish() (records int, duplicate bool, err error) {
	if p.r.n > 0 {
		if err := p.store(); err != nil {
			return 0, false, err
		}
	}
	return p.records, p.n > 0 && p.duplicates == p.n, nil
}

// Close releases the parts' memory.
func (p *Parts) Close() {
	p.r.reset()
	p.b.spare.Put(p.r)
	p.r = nil
}
