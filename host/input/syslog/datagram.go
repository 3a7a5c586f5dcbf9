package syslog

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/logcenter/logcenter/host/input"
)

const (
	maxDatagram = 64 << 10
	// mostPeers bounds the table of peers; when it is full it starts anew, which costs an allocation a peer.
	mostPeers = 4096
)

// readDatagrams takes records off the UDP port until that is closed or the input stops. While the journal
// is full it waits, and the kernel drops and counts what its buffer cannot hold.
func (in *Input) readDatagrams(b *input.Batcher) {
	var (
		feed  = b.NewFeed(false)
		buf   = make([]byte, maxDatagram)
		peers = map[netip.AddrPort]*input.Source{}
	)
	for {
		n, peer, err := in.udp.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
			return
		default: // of one datagram, e.g. an ICMP error about another one
			in.count.Fail(err)
			time.Sleep(time.Millisecond)
			continue
		}
		s := peers[peer]
		if s == nil {
			if len(peers) == mostPeers {
				clear(peers)
			}
			in.count.Accepted.Add(1)
			s = b.Source(netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()).String(), "")
			peers[peer] = s
		}
		switch err := feed.Line(s, trim(buf[:n]), false, time.Now().UnixNano(), 0); {
		case errors.Is(err, input.ErrClosed):
			in.count.Drop(input.DropShutdown, 1)
			return
		case err != nil: // counted where it was lost; the peer starts anew
			in.count.Drop(input.DropJournal, 1)
			delete(peers, peer)
		}
	}
}

// trim takes line ends and NULs off the end of a message: some senders end datagrams as they would lines.
func trim(b []byte) []byte {
	for len(b) > 0 {
		switch b[len(b)-1] {
		case '\n', '\r', 0:
			b = b[:len(b)-1]
		default:
			return b
		}
	}
	return b
}
