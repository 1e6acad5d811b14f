package ports

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTheRealLookIsThatOfTheKernel(t *testing.T) {
	look := OnMachine()
	port, l := listen(t, "127.0.0.1:0")
	self := fmt.Sprintf("pid %d (", os.Getpid())
	for name, got := range map[string]string{"holder": look.Holder(port), "named": look.Named(port)} {
		if !strings.HasPrefix(got, self) {
			t.Errorf("%s: got %q, want it to begin with %q", name, got, self)
		}
	}
	if got := look.Whose(port, []int{os.Getpid()}); got != Own {
		t.Errorf("whose: got %v, want our own", got)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if got := look.Diagnose([]int{os.Getpid()}, address, port); got != (Diagnosis{}) {
		t.Errorf("a server at its place: got %+v, want nothing", got)
	}
	if got, want := look.Diagnose([]int{os.Getpid()}, "127.0.0.1:1", 1).Full, " instead of 127.0.0.1:1"; !strings.HasSuffix(got, want) {
		t.Errorf("a server somewhere else: got %q, want it to end in %q", got, want)
	}
	l.Close()
	if got, want := look.Named(port), "no process any more"; got != want {
		t.Errorf("after its end: got %q, want %q", got, want)
	}
}

func TestAPortThatAServerOfBothFamiliesHoldsIsHeld(t *testing.T) {
	l, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		t.Skip("SKIPPED: no IPv6 here:", err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if got := Holder(port); !strings.HasPrefix(got, "pid ") {
		t.Errorf("holder: got %q, want this process", got)
	}
	if got := Whose(port, []int{os.Getpid()}); got != Own {
		t.Errorf("whose: got %v, want our own", got)
	}
}

func TestAServerForIPv6AloneHoldsNothingOfIPv4(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("SKIPPED: no IPv6 here:", err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if got := Holder(port); got != "" {
		t.Errorf("holder: got %q, want none", got)
	}
	if got := Whose(port, []int{os.Getpid()}); got != Unknown {
		t.Errorf("whose: got %v, want that none listens where workers do", got)
	}
}

func TestAHeldPortIsAnErrorThatNamesItsHolder(t *testing.T) {
	err := fmt.Errorf("start: %w", &HeldError{Port: 8001, Holder: "pid 77 (python3 -m http.server)"})
	held := (*HeldError)(nil)
	if !errors.As(err, &held) || held.Port != 8001 {
		t.Errorf("got %v, want the port to be found in it", err)
	}
	if got, want := held.Error(), "port 8001 is held by pid 77 (python3 -m http.server)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAProcessThatCannotBeSeenIsToldByItsUser(t *testing.T) {
	unseen := Listener{Address: netip.MustParseAddrPort("127.0.0.1:8000"), UID: 33, inode: 1}
	if got, want := Name([]Listener{unseen}), "a process of uid 33 that cannot be seen from here"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestALongCommandIsCut(t *testing.T) {
	child := startNamed(t, strings.Repeat("ä", commandMax))
	var got string
	for deadline := time.Now().Add(20 * time.Second); got == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = command(child)
	}
	if len(got) > commandMax+len("…") || !strings.HasSuffix(got, "ä…") {
		t.Errorf("got %d bytes that end in %q, want at most %d and a whole letter before the dots", len(got), got[max(0, len(got)-5):], commandMax)
	}
	if got := command(1 << 30); got != "" {
		t.Errorf("a number that no process has: got %q", got)
	}
}

func TestTheSocketsOfAProcessThatIsGoneAreAnErrorThatSaysSo(t *testing.T) {
	if _, err := socketsOf(1 << 30); !isGone(err) {
		t.Errorf("got %v, want that it is gone", err)
	}
	if isGone(os.ErrPermission) {
		t.Error("a process that may not be seen: got it gone")
	}
	before, err := socketsOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	listen(t, "127.0.0.1:0")
	if after, err := socketsOf(os.Getpid()); err != nil || len(after) <= len(before) {
		t.Errorf("got %d sockets and %v, want more than the %d from before", len(after), err, len(before))
	}
}

// FuzzTables feeds what kernels, and what passes for one, write.
func FuzzTables(f *testing.F) {
	f.Add("heading\n   0: 0100007F:1F40 00000000:0000 0A 0:0 0:0 0 33 0 4711\n")
	f.Add("heading\n   0: 00000000000000000000000001000000:1F40 0:0 0A 0:0 0:0 0 0 0 18446744073709551615\n")
	f.Add("Num RefCount\n0: 2 0 00010000 0001 01 3561 /run/app.sock\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range parseTCP(strings.NewReader(text)) {
			if !l.Address.IsValid() || l.inode == 0 {
				t.Errorf("got %+v, want an address and an inode", l)
			}
		}
		for _, l := range parseUnix(strings.NewReader(text)) {
			if l.path == "" || strings.ContainsAny(l.path, " \t\n") {
				t.Errorf("got %+v, want a path", l)
			}
		}
	})
}

func TestALookThatIsFakedIsBelieved(t *testing.T) {
	asked := 0
	look := Look{
		Of:    func(pids []int) []string { asked += len(pids); return []string{"unix:/run/x"} },
		Whose: func(int, []int) Verdict { return Foreign },
		Named: func(int) string { return "pid 77 (python3)" },
	}
	got := look.Diagnose([]int{7, 8}, "unix:/run/w.sock", 0)
	if want := "listens on unix:/run/x instead of unix:/run/w.sock"; got.Full != want || asked != 2 {
		t.Errorf("got %q of %d processes, want %q of 2: without a port none is foreign", got.Full, asked, want)
	}
}
