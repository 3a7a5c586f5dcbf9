package wire

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Region is shared memory of equal slots: a sealed memfd, so that the other side can neither shrink it under a
// reader nor, for requests, write it. Not safe for concurrent use of one slot.
type Region struct {
	file *os.File // nil on the side that did not make it
	mem  []byte
	slot int
}

// NewRequestRegion makes a region that only the host can write.
func NewRequestRegion(slots, slotBytes int) (*Region, error) {
	return newRegion("logcenter-request", slots, slotBytes, unix.PROT_READ|unix.PROT_WRITE, unix.F_SEAL_FUTURE_WRITE)
}

// NewReplyRegion makes a region for the plugin to write; the host maps it read only.
func NewReplyRegion(slots, slotBytes int) (*Region, error) {
	return newRegion("logcenter-reply", slots, slotBytes, unix.PROT_READ, 0)
}

func newRegion(name string, slots, slotBytes, prot, seal int) (*Region, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	size := slots * slotBytes
	if err := f.Truncate(int64(size)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	mem, err := unix.Mmap(fd, 0, size, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("mmap: %w", err), f.Close())
	}
	// After our own mapping exists, FUTURE_WRITE forbids every other writable one.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL|seal); err != nil {
		return nil, errors.Join(fmt.Errorf("seal: %w", err), unix.Munmap(mem), f.Close())
	}
	return &Region{file: f, mem: mem, slot: slotBytes}, nil
}

// OpenRegion maps a region inherited as descriptor fd; write says whether it is the reply region.
func OpenRegion(fd uintptr, slots, slotBytes int, write bool) (*Region, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(fd), &st); err != nil {
		return nil, fmt.Errorf("shared memory descriptor %d: %w", fd, err)
	}
	if slots <= 0 || slotBytes <= 0 || st.Size != int64(slots)*int64(slotBytes) {
		return nil, fmt.Errorf("shared memory descriptor %d has %d bytes, want %d slots of %d", fd, st.Size, slots, slotBytes)
	}
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	mem, err := unix.Mmap(int(fd), 0, int(st.Size), prot, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mmap shared memory: %w", err)
	}
	return &Region{mem: mem, slot: slotBytes}, nil
}

// File is the descriptor to hand to the plugin process; nil on the side that only opened the region.
func (r *Region) File() *os.File { return r.file }

// Slot is the memory of slot i.
func (r *Region) Slot(i int) []byte { return r.mem[i*r.slot : (i+1)*r.slot : (i+1)*r.slot] }

// Slots is how many there are.
func (r *Region) Slots() int { return len(r.mem) / r.slot }

// Close unmaps. No slot may be in use.
func (r *Region) Close() error {
	if r == nil || r.mem == nil {
		return nil
	}
	err := unix.Munmap(r.mem)
	r.mem = nil
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	return err
}
