// Command hostile is a parser that attacks what is around it, as its lines say: "ATTACK ARGUMENT…". What came of it is
// the error of the line: "got in: …" or why not. Words that are no attack are parsed as they should be.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/logcenter/logcenter/sdk"
	"github.com/logcenter/logcenter/sdk/ecs"
)

// Config is what the plugin may be granted by.
type Config struct {
	// URL is of a service that the plugin may reach if its manifest says so.
	URL string `yaml:"url"`
}

type parser struct{}

func (parser) Parse(line []byte, ev *sdk.Event) error {
	f := strings.Fields(string(line))
	if len(f) > 0 {
		if attack := attacks[f[0]]; attack != nil {
			return attack(f[1:])
		}
	}
	ev.Set(ecs.EventAction, line)
	return nil
}

// in is what an attack says that should have failed.
func in(format string, args ...any) error { return fmt.Errorf("got in: "+format, args...) }

var attacks map[string]func(args []string) error

func init() {
	attacks = map[string]func(args []string) error{
		"read":      read,
		"list":      list,
		"write":     write,
		"dial":      dial,
		"listen":    listen,
		"packet":    packet,
		"socket":    socket,
		"exec":      execute,
		"sendto":    sendto,
		"signal":    signal,
		"io-signal": ioSignal,
		"trace":     trace,
		"memory-of": memoryOf,
		"limits-of": limitsOf,
		"nice":      nice,
		"calls":     calls,
		"x32":       x32,
		"i386":      func([]string) error { return in("32-bit call answered %d", compat(20)) },
		"fork":      fork,
		"detach":    detach,
		"threads":   threads,
		"memory":    memory,
		"shared":    shared,
		"files":     files,
		"folder":    fillFolder,
		"disk":      disk,
		"core":      core,
		"flood":     flood,
		"spin":      spin,
		"knock":     knock,
		"env":       func([]string) error { return errors.New(strings.Join(os.Environ(), " ")) },
		"hang":      func([]string) error { select {} },
	}
}

func read(args []string) error {
	data, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	return in("%.60q", data)
}

func list(args []string) error {
	names, err := os.ReadDir(args[0])
	if err != nil {
		return err
	}
	return in("%v", names)
}

func write(args []string) error {
	if err := os.WriteFile(args[0], []byte("x"), 0o600); err != nil {
		return err
	}
	return in("wrote %s", args[0])
}

func dial(args []string) error {
	c, err := net.DialTimeout(args[0], args[1], 2*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte("hello"))
	return in("connected to %s, wrote: %v", c.RemoteAddr(), err)
}

// packet sends without being connected, by each call there is.
func packet(args []string) error {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer c.Close()
	to, err := net.ResolveUDPAddr("udp", args[0])
	if err != nil {
		return err
	}
	_, first := c.WriteTo([]byte("sendto"), to)
	_, _, second := c.(*net.UDPConn).WriteMsgUDP([]byte("sendmsg"), nil, to)
	if first == nil || second == nil {
		return in("sent: %v, %v", first, second)
	}
	return fmt.Errorf("%w; %w", first, second)
}

func listen(args []string) error {
	l, err := net.Listen(args[0], args[1])
	if err != nil {
		return err
	}
	return in("listens on %s", l.Addr())
}

func numbers(args []string) []uintptr {
	out := make([]uintptr, 6)
	for i, a := range args {
		n, err := strconv.ParseInt(a, 0, 64)
		if err != nil {
			panic(err)
		}
		out[i] = uintptr(n)
	}
	return out
}

func socket(args []string) error {
	n := numbers(args)
	fd, err := unix.Socket(int(n[0]), int(n[1]), int(n[2]))
	if err != nil {
		return err
	}
	return in("socket %d", fd)
}

func execute(args []string) error {
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err == nil {
		return in("%s", out)
	}
	// Without a process of its own: in place of this one.
	return fmt.Errorf("%w; %w", err, unix.Exec(args[0], args, nil))
}

// sendto sends from one end of a pair, which needs no socket call, to a named socket.
func sendto(args []string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		if pair, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
			return err
		}
	}
	to := &unix.SockaddrUnix{Name: args[0]}
	first := unix.Sendto(pair[0], []byte("hello"), 0, to)
	_, second := unix.SendmsgN(pair[0], []byte("hello"), nil, to, 0)
	if first == nil || second == nil {
		return in("sent: %v, %v", first, second)
	}
	return fmt.Errorf("%w; %w", first, second)
}

func signal(args []string) error {
	n := numbers(args)
	pid, sig := int(n[0]), unix.Signal(n[1])
	errs := []error{
		unix.Kill(pid, sig),
		unix.Tgkill(pid, pid, sig),
	}
	_, _, e := unix.RawSyscall(unix.SYS_TKILL, uintptr(pid), uintptr(sig), 0)
	errs = append(errs, e)
	var info [128]byte
	_, _, e = unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	errs = append(errs, e)
	if fd, err := unix.PidfdOpen(pid, 0); err == nil {
		errs = append(errs, unix.PidfdSendSignal(fd, sig, nil, 0))
	}
	errs = append(errs, unix.Kill(0, sig), unix.Kill(-1, sig), unix.Kill(-pid, sig))
	for i, err := range errs {
		if err == nil || errors.Is(err, unix.Errno(0)) {
			return in("way %d", i)
		}
	}
	return errors.Join(errs...)
}

// ioSignal has the kernel send a signal when a pipe has data.
func ioSignal(args []string) error {
	pid := int(numbers(args)[0])
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
		return err
	}
	_, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETOWN, pid)
	if err != nil {
		return err
	}
	return in("pipe belongs to %d", pid)
}

func trace(args []string) error {
	if err := unix.PtraceAttach(int(numbers(args)[0])); err != nil {
		return err
	}
	return in("attached")
}

func memoryOf(args []string) error {
	pid := int(numbers(args)[0])
	buf := make([]byte, 8)
	local := unix.Iovec{Base: &buf[0]}
	local.SetLen(len(buf))
	_, first := unix.ProcessVMReadv(pid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
	f, second := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if first == nil || second == nil {
		return in("%v %v", first, f)
	}
	return fmt.Errorf("%w; %w", first, second)
}

func limitsOf(args []string) error {
	zero := unix.Rlimit{}
	if err := unix.Prlimit(int(numbers(args)[0]), unix.RLIMIT_NOFILE, &zero, nil); err != nil {
		return err
	}
	return in("lowered")
}

func nice(args []string) error {
	if err := unix.Setpriority(unix.PRIO_PROCESS, int(numbers(args)[0]), 19); err != nil {
		return err
	}
	return in("slowed down")
}

// calls tries each system call with harmless arguments: any answer but a refusal is a way in.
func calls(args []string) error {
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil {
			return err
		}
		if _, _, e := unix.RawSyscall6(uintptr(n), ^uintptr(0), 0, 0, 0, 0, 0); e != unix.EPERM && e != unix.ENOSYS {
			return in("call %d: %v", n, e)
		}
	}
	return fmt.Errorf("%d calls: %w", len(args), unix.EPERM)
}

func x32([]string) error {
	fd, _, e := unix.RawSyscall(0x40000000|unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
	if e != 0 {
		return e
	}
	return in("socket %d", fd)
}

func fork([]string) error {
	var said []error
	for _, n := range []uintptr{unix.SYS_CLONE, unix.SYS_CLONE3} {
		for range 3 {
			pid, _, e := unix.RawSyscall6(n, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			if e == 0 && pid == 0 {
				for {
					_, _, _ = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0) // and so on
				}
			}
			if e == 0 {
				return in("process %d", pid)
			}
			said = append(said, e)
		}
	}
	return errors.Join(said...)
}

// detach undoes what ends the process with its host, and its descendants with it.
func detach([]string) error {
	first, second := unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0), unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	_, third := unix.Setsid()
	pid, _, fourth := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_NEWUSER, 0, 0, 0, 0, 0)
	if fourth == 0 && pid == 0 {
		unix.Exit(0)
	}
	if first == nil || second == nil || third == nil || fourth == 0 {
		return in("%v, %v, %v, %v", first, second, third, fourth)
	}
	return fmt.Errorf("%w; %w; %w; %w", first, second, third, fourth)
}

func threads([]string) error {
	started := make(chan bool)
	for i := range 5000 {
		go func() {
			runtime.LockOSThread()
			started <- true
			select {}
		}()
		<-started
		_ = i
	}
	return in("5000 threads")
}

// hoard keeps what the bombs allocate.
var hoard [][]byte

func memory([]string) error {
	const step = 16 << 20
	for range 256 {
		b := make([]byte, step)
		for i := 0; i < step; i += 4096 {
			b[i] = 1
		}
		hoard = append(hoard, b)
	}
	return in("4 GiB")
}

// shared uses memory that is not the process's own, which limits of data do not count.
func shared([]string) error {
	const step = 16 << 20
	for range 256 {
		b, err := unix.Mmap(-1, 0, step, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
		if err != nil {
			return err
		}
		for i := 0; i < step; i += 4096 {
			b[i] = 1
		}
		hoard = append(hoard, b)
		time.Sleep(10 * time.Millisecond) // so that what stops it is the bound, not its own end
	}
	return in("4 GiB")
}

func files([]string) error {
	var open []int
	defer func() {
		for _, fd := range open {
			_ = unix.Close(fd)
		}
	}()
	for range 100000 {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY, 0)
		if err != nil {
			return fmt.Errorf("after %d: %w", len(open), err)
		}
		open = append(open, fd)
	}
	return in("%d files", len(open))
}

// fillFolder makes empty files where the process may make its socket.
func fillFolder([]string) error {
	dir := os.Getenv("PLUGIN_UNIX_SOCKET_DIR")
	for i := range 100000 {
		if err := os.WriteFile(filepath.Join(dir, "f"+strconv.Itoa(i)), nil, 0o600); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return in("100000 files")
}

// disk fills a file where the process may make its socket.
func disk([]string) error {
	f, err := os.Create(filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "big"))
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.CopyN(f, zeros{}, 1<<30)
	if n == 0 && err != nil {
		return err
	}
	return in("%d bytes, %v", n, err)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func core([]string) error {
	err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
	if err == nil {
		return in("a core of any size")
	}
	return err
}

func flood(args []string) error {
	n := numbers(args)[0]
	for i := range n {
		fmt.Fprintln(os.Stderr, "flood", i)
	}
	return errors.New("said it all")
}

// spin keeps a processor busy behind the host's back, by so many threads that it gets one of a machine on which others
// are busy, too.
func spin([]string) error {
	const threads = 32
	runtime.GOMAXPROCS(threads)
	for range threads {
		go func() {
			for {
			}
		}()
	}
	return errors.New("spinning")
}

// knock tries what is refused, again and again.
func knock([]string) error {
	for range 1_000_000 {
		if _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err == nil {
			return in("a socket")
		}
	}
	return errors.New("tired")
}

func main() {
	sdk.ServeParser(func(Config) (sdk.Parser, error) { return parser{}, nil })
}
