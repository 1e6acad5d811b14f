package ports

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTheKernelsTableOfTCP(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 4711 1 0000000000000000 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F41 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1F42 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0000000000000000 100 0 0 10 0
`
	want := []Listener{
		{Address: netip.MustParseAddrPort("127.0.0.1:8000"), UID: 33, inode: 4711}, {Address: netip.MustParseAddrPort("0.0.0.0:80"), inode: 4712},
	}
	if got := parseTCP(strings.NewReader(text)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: what listens, which is before all else", got, want)
	}
	for _, text := range []string{"", "heading\n", "heading\n 0: 1 2\n", "heading\n   0: XX:1F40 0:0 0A 0 0 0 0 0 1\n", "heading\n   0: 01:1F40 0:0 0A 0 0 0 0 0 1\n", "heading\n   0: 0100007F:1F40 00000000:0000 0A 0:0 0:0 0 33 0 0 1\n"} {
		if got := parseTCP(strings.NewReader(text)); len(got) > 0 {
			t.Errorf("%q: got %v, want none", text, got)
		}
	}
}

func TestATableThatIsNotThereHasNoListeners(t *testing.T) {
	if got := listeningIn(filepath.Join(t.TempDir(), "tcp6")); got != nil { // as without IPv6
		t.Errorf("got %v, want none", got)
	}
}

func TestAddressesOfIPv6(t *testing.T) {
	for text, want := range map[string]string{
		"00000000000000000000000001000000:1F40": "[::1]:8000", "00000000000000000000000000000000:0001": "[::]:1",
		"0000000000000000FFFF00000100007F:1F40": "[::ffff:127.0.0.1]:8000",
	} {
		if got, ok := parseAddress(text); !ok || got.String() != want {
			t.Errorf("%s: got %v and %v, want %s", text, got, ok, want)
		}
	}
}

func TestTheKernelsTableOfUnixSockets(t *testing.T) {
	const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01  3561 /run/app.sock
0000000000000000: 00000003 00000000 00000000 0001 03  3562 /run/app.sock
0000000000000000: 00000003 00000000 00010000 0001 01  3563
`
	if got, want := parseUnix(strings.NewReader(text)), []unixListener{{"/run/app.sock", 3561}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhichListenersTakeAWorkersPort(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8000": true, "0.0.0.0:8000": true, "[::]:8000": true, "[::ffff:127.0.0.1]:8000": true,
		"127.0.0.1:8001": false, "10.0.0.7:8000": false, "[::1]:8000": false, "127.0.0.2:8000": false,
	} {
		if got := (Listener{Address: netip.MustParseAddrPort(address)}).takes(8000); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}

// listen gives a port that this process listens at.
func listen(t *testing.T, address string) (port int, l net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port, l
}

func TestAHolderIsNamed(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		port, l := listen(t, address)
		if got, want := Holder(port), fmt.Sprintf("pid %d (%s", os.Getpid(), filepath.Dir(os.Args[0])); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want it to begin with %q", address, got, want)
		}
		l.Close()
		if got := Holder(port); got != "" {
			t.Errorf("%s, closed: got %q, want none", address, got)
		}
	}
}

// TestConnectionsHoldNothing: the port of a server that has ended is free although connections to it are not
// forgotten yet.
func TestConnectionsHoldNothing(t *testing.T) {
	port, l := listen(t, "127.0.0.1:0")
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	defer client.Close()
	if got := Holder(port); got != "" {
		t.Errorf("beside a connection: got %q, want none", got)
	}
	server.Close() // it waits for the client's end
	if got := Holder(port); got != "" {
		t.Errorf("beside half a connection: got %q, want none", got)
	}
}

func TestWhoseAPortIs(t *testing.T) {
	port, l := listen(t, "127.0.0.1:0")
	sleeper := exec.Command("sleep", "60")
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	heir := exec.Command("sleep", "60")
	heir.ExtraFiles = []*os.File{file}
	for _, c := range []*exec.Cmd{sleeper, heir} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	}
	file.Close()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pids []int
		want Verdict
	}{
		"the one that opened it":    {[]int{os.Getpid()}, Own},
		"the one that inherited it": {[]int{heir.Process.Pid}, Own},
		"a stranger":                {[]int{sleeper.Process.Pid}, Foreign},
		"a stranger and an heir":    {[]int{sleeper.Process.Pid, heir.Process.Pid}, Own},
		"a stranger and one gone":   {[]int{sleeper.Process.Pid, gone.Process.Pid}, Foreign},
		"no process of ours has it": {nil, Foreign},
	} {
		if got := Whose(port, c.pids); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	_ = heir.Process.Kill()
	_ = heir.Wait()
	l.Close()
	if got := Whose(port, []int{os.Getpid()}); got != Unknown {
		t.Errorf("a port where nothing listens: got %v, want it unknown", got)
	}
}

// TestWhatMayNotBeSeenIsUnknown takes from root what Docker does not give it either; a process that has changed its
// user since its exec shows itself to nobody then.
func TestWhatMayNotBeSeenIsUnknown(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: it takes root")
	}
	if os.Getenv("PORTS_TEST_PID") != "" {
		var port, pid int
		fmt.Sscan(os.Getenv("PORTS_TEST_PID"), &port, &pid)
		fmt.Println("verdict", Whose(port, []int{pid}))
		return
	}
	port, _ := listen(t, "127.0.0.1:0")
	for name, c := range map[string]struct {
		script string
		want   Verdict
	}{
		"another user's":            {"import os, time; os.setgid(65533); os.setuid(65533); os.execvp('sleep', ['sleep', '60'])", Foreign},
		"one that changed its user": {"import os, time; os.setgid(65533); os.setuid(65533); time.sleep(60)", Unknown},
	} {
		worker := exec.Command("python3", "-c", c.script)
		if err := worker.Start(); err != nil {
			t.Skip("SKIPPED:", err)
		}
		awaitUID(t, worker.Process.Pid, "65533", c.want == Foreign)
		looker := exec.Command("setpriv", "--bounding-set=-sys_ptrace", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		looker.Env = append(os.Environ(), fmt.Sprintf("PORTS_TEST_PID=%d %d", port, worker.Process.Pid))
		out, err := looker.CombinedOutput()
		if err != nil || !strings.Contains(string(out), fmt.Sprintf("verdict %d", c.want)) {
			t.Errorf("%s: got %v and\n%s\nwant verdict %d", name, err, out, c.want)
		}
		_ = worker.Process.Kill()
		_ = worker.Wait()
	}
}

func awaitUID(t *testing.T, pid int, uid string, asleep bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if strings.Contains(string(status), "Uid:\t"+uid) && (!asleep || strings.HasPrefix(string(status), "Name:\tsleep")) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("pid %d: got %s, want uid %s", pid, status, uid)
		}
	}
}

func TestWhatAProcessListensOn(t *testing.T) {
	port, _ := listen(t, "0.0.0.0:0")
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := Of([]int{os.Getpid()})
	for _, want := range []string{fmt.Sprintf("[::]:%d", port), "unix:" + path} {
		if !slices.Contains(got, want) && !slices.Contains(got, strings.Replace(want, "[::]", "0.0.0.0", 1)) {
			t.Errorf("got %v, want %s among them", got, want)
		}
	}
	if got := Of([]int{syscall.Getppid()}); slices.Contains(got, "unix:"+path) {
		t.Errorf("the parent: got %v, want nothing of this process", got)
	}
}

func TestWhereNothingCanBeSeenItIsSaidWhy(t *testing.T) {
	if got := Blind(); got != "" {
		t.Errorf("here: got %q, want nothing", got)
	}
	dir := t.TempDir()
	if got := blind(dir); !strings.Contains(got, "no such file") {
		t.Errorf("without a /proc: got %q, want the reason", got)
	}
	if err := errors.Join(os.Mkdir(dir+"/net", 0o755), os.WriteFile(dir+"/net/tcp", nil, 0o644), os.Symlink("1", dir+"/self")); err != nil {
		t.Fatal(err)
	}
	if got := blind(dir); !strings.Contains(got, "another pid namespace") {
		t.Errorf("with another namespace's /proc: got %q, want the reason", got)
	}
}

// A process may call itself what it likes, and who asks percore status reads it on a terminal.
func TestACommandIsFitForATerminal(t *testing.T) {
	child := exec.Command("/bin/sleep", "60")
	child.Args = []string{"evil\x1b[2J\u009b\n\txé\xff", "60"}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var got string
	for deadline := time.Now().Add(20 * time.Second); got == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = command(child.Process.Pid) // Start returns while execve is still laying out the arguments
	}
	if want := "evil?[2J?  xé\ufffd 60"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_ = child.Process.Kill()
	_ = child.Wait() // it was killed
}

// startNamed runs a process that calls itself so, until the test's end.
func startNamed(t *testing.T, name string) (pid int) {
	t.Helper()
	child := exec.Command("/bin/sleep", "60")
	child.Args = []string{name, "60"}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	return child.Process.Pid
}
