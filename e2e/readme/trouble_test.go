package readme

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/rig"
)

// TestEveryTroubleIsMade holds the table and the list below to each other: no row without a run, no run without a row.
func TestEveryTroubleIsMade(t *testing.T) {
	rows := load(t).table(t, "trouble")
	made := make(map[string]bool)
	for _, s := range troubles {
		made[rowOf(t, rows, s.shows)[0]] = true
	}
	for _, row := range rows {
		if !made[row[0]] {
			t.Errorf("README.md has a trouble that no test makes: %s", row[0])
		}
	}
}

// TestTroublesArePrintedAsTheReadmeQuotesThem makes each trouble with a real percore and looks for every quote.
func TestTroublesArePrintedAsTheReadmeQuotesThem(t *testing.T) {
	rows := load(t).table(t, "trouble")
	for _, s := range troubles {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := s.run(t)
			for _, want := range quotes(rowOf(t, rows, s.shows)[0]) {
				if !strings.Contains(plain(got), plain(want)) {
					t.Errorf("README.md quotes %q, which is not in the output:\n%s", want, got)
				}
			}
		})
	}
}

func rowOf(t *testing.T, rows [][]string, fragment string) []string {
	t.Helper()
	var found [][]string
	for _, row := range rows {
		if strings.Contains(row[0], fragment) {
			found = append(found, row)
		}
	}
	if len(found) != 1 {
		t.Fatalf("README.md has %d troubles that show %q, want 1", len(found), fragment)
	}
	return found[0]
}

var long = regexp.MustCompile(`[0-9]{4,}`)

// plain takes out what differs from run to run: ports and pids, and how a table is aligned. Exit codes stay.
func plain(text string) string {
	return strings.Join(strings.Fields(long.ReplaceAllString(text, "N")), " ")
}

// lab is where one trouble is made.
type lab struct {
	listen string // the front door's address
	ports  int    // the first of three for workers
	dir    string // percore's working directory
}

func newLab(t *testing.T) lab {
	t.Helper()
	first := rig.FreePorts(t, 4)
	return lab{listen: "127.0.0.1:" + strconv.Itoa(first), ports: first + 1, dir: t.TempDir()}
}

// run makes the trouble and returns all that a user could see of it, the exit code in its last line.
func (s trouble) run(t *testing.T) string {
	s.needs.check(t)
	where := newLab(t)
	if s.before != nil {
		s.before(t, where)
	}
	cmd := s.command(t, where)
	p := rig.Start(t, cmd)
	seen := ""
	if s.meanwhile != nil {
		seen = s.meanwhile(t, where, p)
		p.Signal(syscall.SIGTERM) // it may have ended by itself
	}
	code := p.Wait()
	s.needs.cleanUp(p)
	return p.Text() + seen + "\nexit " + strconv.Itoa(code) + "\n"
}

// command is percore as the trouble wants it.
func (s trouble) command(t *testing.T, where lab) *exec.Cmd {
	t.Helper()
	words := append(s.needs.prefix(), kit.Percore)
	words = append(words, s.words...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = where.dir
	cmd.Env = cleanEnviron(
		"PERCORE_LISTEN="+where.listen, "PERCORE_PORTS_FROM="+strconv.Itoa(where.ports), "PERCORE_WORKERS=1", "PERCORE_STOP_TIMEOUT=1.5",
	)
	cmd.Env = append(cmd.Env, s.env...)
	if s.needs == anOrdinaryUser && os.Getuid() == 0 {
		cmd.Dir = kit.Dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

// privileges is what a trouble has to be made with.
type privileges int

const (
	asWeAre privileges = iota
	anOrdinaryUser
	rootWithoutCapabilities
	rootWithoutKill
)

// prefix takes capabilities away as Docker does: from the bounding set.
func (n privileges) prefix() []string {
	switch n {
	case rootWithoutCapabilities:
		return []string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}
	case rootWithoutKill:
		return []string{"setpriv", "--bounding-set=-kill", "--inh-caps=-all"}
	case asWeAre, anOrdinaryUser:
		return nil
	}
	return nil
}

func (n privileges) check(t *testing.T) {
	t.Helper()
	words := n.prefix()
	if len(words) == 0 {
		return
	}
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: takes root")
	}
	if err := exec.Command(words[0], append(words[1:], "true")...).Run(); err != nil {
		t.Skipf("SKIPPED: this machine's root may not drop capabilities by setpriv: %v", err)
	}
}

// cleanUp kills what a percore without the right to do so left behind.
func (n privileges) cleanUp(p *rig.Process) {
	if n != rootWithoutKill {
		return
	}
	for _, l := range p.Lines("worker started") {
		_ = syscall.Kill(-l.PID, syscall.SIGKILL)
	}
}

// occupy listens where the front door is to listen.
func occupy(t *testing.T, where lab) {
	t.Helper()
	l, err := net.Listen("tcp", where.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

// needGuardedPorts skips where the kernel lets anybody have any port, as in Docker's containers.
func needGuardedPorts(t *testing.T, _ lab) {
	t.Helper()
	const sysctl = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
	if text, err := os.ReadFile(sysctl); err == nil && strings.TrimSpace(string(text)) == "0" {
		t.Skipf("SKIPPED: %s is 0", sysctl)
	}
}

// leaveScript puts a script there that nobody may execute.
func leaveScript(t *testing.T, where lab) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(where.dir, "main.py"), []byte("#!/usr/bin/python3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
