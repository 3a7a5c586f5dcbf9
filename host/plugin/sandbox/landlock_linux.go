package sandbox

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights of Landlock by what they are for (landlock(7), uapi/linux/landlock.h).
const (
	fsExecute = unix.LANDLOCK_ACCESS_FS_EXECUTE
	fsRead    = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	fsChange  = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	fsMake    = unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REFER
	fsSocket = unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
	fsOfFile = fsExecute | unix.LANDLOCK_ACCESS_FS_READ_FILE | fsChange | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV // all a file can have

	scopeAll = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL

	ruleNetPort = 2 // LANDLOCK_RULE_NET_PORT
)

// fsRights are the rights that a version of the interface knows. What is handled and not granted is refused.
func fsRights(abi int) uint64 {
	rights := uint64(1<<13 - 1) // up to MAKE_SYM
	for _, since := range [...]struct {
		abi   int
		right uint64
	}{{2, unix.LANDLOCK_ACCESS_FS_REFER}, {3, unix.LANDLOCK_ACCESS_FS_TRUNCATE}, {5, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV}} {
		if abi >= since.abi {
			rights |= since.right
		}
	}
	return rights
}

// landlockABI is the version of the kernel's interface, 0 if there is none.
func landlockABI() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// landlock confines the calling thread to the policy's files and, as far as Landlock can tell, addresses. It returns
// the version of the interface, 0 if the kernel has none.
func landlock(p *Policy) (abi int, err error) {
	if abi = landlockABI(); abi == 0 {
		return 0, nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: fsRights(abi)}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	ports, err := connectable(p.Network)
	if err != nil {
		return 0, err
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP
		if !ports[0] {
			attr.Handled_access_net |= unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		}
		size = unsafe.Offsetof(attr.Handled_access_net) + unsafe.Sizeof(attr.Handled_access_net)
	}
	if abi >= 6 {
		attr.Scoped = scopeAll
		size = unsafe.Offsetof(attr.Scoped) + unsafe.Sizeof(attr.Scoped)
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return 0, fmt.Errorf("landlock: %w", errno)
	}
	s := ruleset{fd: int(fd), fs: attr.Handled_access_fs}
	defer func() { _ = unix.Close(s.fd) }()
	err = s.paths(p)
	if attr.Handled_access_net&unix.LANDLOCK_ACCESS_NET_CONNECT_TCP != 0 {
		err = errors.Join(err, s.ports(ports))
	}
	if err != nil {
		return 0, err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(s.fd), 0, 0); errno != 0 {
		return 0, fmt.Errorf("landlock: %w", errno)
	}
	return abi, nil
}

// ruleset is a Landlock ruleset that is being filled.
type ruleset struct {
	fd int
	fs uint64 // handled
}

func (s *ruleset) paths(p *Policy) error {
	var errs []error
	for _, r := range [...]struct {
		paths  []string
		rights uint64
	}{
		{[]string{p.Binary}, fsRead | fsExecute},
		{p.Exec, fsRead | fsExecute},
		{p.Read, fsRead},
		{p.Files, fsRead},
		{[]string{p.Sockets}, fsSocket | fsChange | fsRead},
		{p.Write, fsRead | fsChange | fsMake},
		{[]string{"/dev/null"}, fsRead | fsChange},
		{[]string{"/dev/zero", "/dev/urandom", "/dev/random"}, fsRead},
		{[]string{"/usr/share/zoneinfo", "/etc/localtime"}, fsRead},
	} {
		for _, path := range r.paths {
			errs = append(errs, s.allow(path, r.rights))
		}
	}
	if len(p.Network) > 0 {
		for _, path := range networkPaths {
			errs = append(errs, s.allow(path, fsRead))
		}
	}
	return errors.Join(errs...)
}

// networkPaths are what programs read to find names and to trust certificates.
var networkPaths = [...]string{
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	"/run/systemd/resolve/stub-resolv.conf", "/run/systemd/resolve/resolv.conf",
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
}

// allow grants rights on a path and what is below it. A path that is not there is left out.
func (s *ruleset) allow(path string, rights uint64) error {
	if path == "" {
		return nil
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EACCES) {
		return nil
	}
	if err != nil {
		return &os.PathError{Op: "landlock", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "landlock", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fsOfFile
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights & s.fs, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(s.fd), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0); errno != 0 {
		return &os.PathError{Op: "landlock", Path: path, Err: errno}
	}
	return nil
}

// connectable are the ports of some addresses; 0 among them means any.
func connectable(network []string) (map[uint16]bool, error) {
	ports := map[uint16]bool{}
	for _, a := range network {
		e, err := parseEndpoint(a)
		if err != nil {
			return nil, err
		}
		ports[e.port], ports[dnsPort] = true, true
	}
	return ports, nil
}

// ports grants connecting by TCP. Landlock knows ports only; hosts are the broker's matter.
func (s *ruleset) ports(ports map[uint16]bool) error {
	for port := range ports {
		attr := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, uint64(port)}
		if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(s.fd), ruleNetPort, uintptr(unsafe.Pointer(&attr)), 0, 0, 0); errno != 0 {
			return fmt.Errorf("landlock: port %d: %w", port, errno)
		}
	}
	return nil
}
