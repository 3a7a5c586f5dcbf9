package wire

import (
	"fmt"
	"math/bits"
	"sync"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// MaxMessageBytes bounds one message in either direction.
const MaxMessageBytes = 64 << 20

// bufferPool keeps buffers of 4 KiB to 16 MiB by powers of two. gRPC's own default pool clears every
// buffer it hands out, which costs more than all else in moving a batch; ours are overwritten anyway.
type bufferPool struct{ classes [13]sync.Pool }

const smallestClass = 12 // 4 KiB

func (p *bufferPool) Get(n int) *[]byte {
	c := max(0, bits.Len(uint(max(n, 1)-1))-smallestClass)
	if c >= len(p.classes) {
		b := make([]byte, n)
		return &b
	}
	if b, ok := p.classes[c].Get().(*[]byte); ok {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, 1<<(c+smallestClass))
	return &b
}

func (p *bufferPool) Put(b *[]byte) {
	n := cap(*b)
	c := bits.Len(uint(n)) - 1 - smallestClass
	if c >= 0 && c < len(p.classes) && n == 1<<(c+smallestClass) {
		p.classes[c].Put(b)
	}
}

// Pool is the buffer pool of connections and of [Codec].
var Pool mem.BufferPool = &bufferPool{}

// message is what vtprotobuf generates for every message.
type message interface {
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVTUnsafe([]byte) error
}

// Outgoing is a message encoded before gRPC sends it: gRPC writes after the call that sent it has
// returned, when the memory that the message was made of may be in use again. Send it once.
type Outgoing struct{ buf mem.Buffer }

// Encode encodes m now. The caller may reuse m's memory at once.
func Encode(m message) (*Outgoing, error) {
	n := m.SizeVT()
	b := Pool.Get(n)
	if _, err := m.MarshalToSizedBufferVT((*b)[:n]); err != nil {
		Pool.Put(b)
		return nil, err
	}
	return &Outgoing{mem.NewBuffer(b, Pool)}, nil
}

// Incoming is a received message and the buffer that its bytes alias.
type Incoming struct{ buf mem.Buffer }

// Decode decodes the received bytes into m, which aliases them until Free.
func (i *Incoming) Decode(m message) error { return m.UnmarshalVTUnsafe(i.buf.ReadOnlyData()) }

// Free gives the buffer back; what was decoded from it is dead.
func (i *Incoming) Free() {
	if i.buf != nil {
		i.buf.Free()
		i.buf = nil
	}
}

// Codec is the gRPC codec "proto" for connections between host and plugin. [Outgoing] and [Incoming] move
// without copies; everything else, go-plugin's own services included, goes the standard way.
type Codec struct{ std encoding.CodecV2 }

// NewCodec returns the codec, to be forced on both sides of a connection. Safe for concurrent use.
func NewCodec() Codec { return Codec{encoding.GetCodecV2(proto.Name)} }

// Name is "proto": on the wire nothing differs.
func (Codec) Name() string { return proto.Name }

// Marshal implements [encoding.CodecV2].
func (c Codec) Marshal(v any) (mem.BufferSlice, error) {
	if o, ok := v.(*Outgoing); ok {
		if o.buf == nil {
			return nil, fmt.Errorf("wire: message sent twice")
		}
		b := o.buf
		o.buf = nil
		return mem.BufferSlice{b}, nil
	}
	return c.std.Marshal(v)
}

// Unmarshal implements [encoding.CodecV2].
func (c Codec) Unmarshal(d mem.BufferSlice, v any) error {
	if i, ok := v.(*Incoming); ok {
		i.buf = d.MaterializeToBuffer(Pool)
		return nil
	}
	return c.std.Unmarshal(d, v)
}

// Sizes of a connection, the same on both sides. Flow control on a local socket would only cost wake-ups, so
// windows hold several batches.
const (
	WindowBytes       = 16 << 20
	SocketBufferBytes = 256 << 10
)
