package pid1

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/proc"
)

// report runs the scripted worker that writes down who it is, and reads that.
func report(t *testing.T, wrapper []string, variables env) (*service, identity) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report")
	for _, dir := range []string{filepath.Dir(file), filepath.Dir(filepath.Dir(file))} { // of another user's
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	all := env{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "1", "PERCORE_LISTEN": ""}
	maps.Copy(all, variables)
	s := startUnder(t, wrapper, all, "--", workerBinary, "worker", "report", file)
	return s, s.read(file)
}

// read waits for a report.
func (s *service) read(file string) (w identity) {
	s.Helper()
	s.Await("the worker's report", func() bool {
		content, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(content, &w) == nil
	})
	return w
}

// accounts puts another /etc/passwd and /etc/group in the place of the machine's, in the namespace of the test alone.
func accounts(t *testing.T) (wrapper []string) {
	t.Helper()
	dir := t.TempDir()
	passwd, group := filepath.Join(dir, "passwd"), filepath.Join(dir, "group")
	for path, text := range map[string]string{
		passwd: "root:x:0:0::/root:/bin/sh\napp:x:1234:2345::/home/app:/bin/sh\nbare:x:1235:2345:::\n",
		group:  "root:x:0:\napp:x:2345:\nlogs:x:3456:root,app\nmail:x:4567:app\nother:x:5678:bare\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"sh", "-c", fmt.Sprintf(`mount --bind %s /etc/passwd && mount --bind %s /etc/group && exec "$@"`, passwd, group), "sh"}
}

func TestUSERIsWhoeverItNames(t *testing.T) {
	tests := []struct {
		user           string
		uid, gid       int
		groups         []int
		home, name     string
		withoutAccount bool
	}{
		{user: "app", uid: 1234, gid: 2345, groups: []int{2345, 3456, 4567}, home: "/home/app", name: "app"},
		{user: "1234", uid: 1234, gid: 2345, groups: []int{2345, 3456, 4567}, home: "/home/app", name: "app"},
		{user: "app:mail", uid: 1234, gid: 4567, groups: []int{4567}, home: "/home/app", name: "app"},
		{user: "777:888", uid: 777, gid: 888, groups: []int{888}, home: "/", name: "777"},
		{user: "bare", uid: 1235, gid: 2345, groups: []int{2345, 5678}, home: "/", name: "bare"},
	}
	for _, tt := range tests {
		t.Run(tt.user, func(t *testing.T) {
			_, w := report(t, accounts(t), env{"PERCORE_USER": tt.user})
			slices.Sort(w.Groups)
			if w.UID != tt.uid || w.GID != tt.gid || !slices.Equal(w.Groups, tt.groups) {
				t.Errorf("got %d:%d %v, want %d:%d %v", w.UID, w.GID, w.Groups, tt.uid, tt.gid, tt.groups)
			}
			for name, want := range map[string]string{"HOME": tt.home, "USER": tt.name, "LOGNAME": tt.name} {
				if got, _ := w.variable(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestAUserThatDoesNotExistEndsTheStart(t *testing.T) {
	for user, want := range map[string]string{
		"nosuchuser": `look up user \"nosuchuser\": no such name`, "nobody:nosuchgroup": `look up group \"nosuchgroup\": no such name`,
		"777": "its group must be named, as in 777:777",
	} {
		t.Run(user, func(t *testing.T) {
			s := start(t, env{"PERCORE_MODE": "none", "PERCORE_USER": user}, "--", "sleep", "100")
			if code := s.Wait(); code != 2 {
				t.Errorf("exit code: got %d, want 2", code)
			}
			if !s.Said("PERCORE_USER", strings.ReplaceAll(want, `\"`, `"`)) {
				t.Errorf("got no line with PERCORE_USER and %q", want)
			}
		})
	}
}

func TestUMASKIsTheWorkers(t *testing.T) {
	s, w := report(t, nil, env{"PERCORE_UMASK": "027"})
	p, _ := s.Find(w.PID)
	if got := p.Status["Umask"]; got != "0027" {
		t.Errorf("umask of the worker: got %s, want 0027", got)
	}
	if got := proc.Status(s.PID)["Umask"]; got == "0027" {
		t.Error("umask of PID 1: got the worker's, want its own")
	}
}

func TestADirectoryThatIsNotThereIsFatal(t *testing.T) {
	s := script(t, env{"PERCORE_DIRECTORY": "/no/such/place"}, "exit 0")
	if code := s.Wait(); code != 126 {
		t.Errorf("exit code: got %d, want 126", code)
	}
	if !s.Said("chdir /no/such/place: no such file or directory") {
		t.Error("got no line with the reason")
	}
}

func TestPINCPUSGivesEachWorkerItsCPU(t *testing.T) {
	s := start(t, env{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "3", "PERCORE_PIN_CPUS": "yes"}, "--", "sleep", "100")
	all := strings.Split(proc.Status(s.PID)["Cpus_allowed_list"], "-")
	for i := range 3 {
		want := all[i%len(all)]
		if got := s.Worker(i).Status["Cpus_allowed_list"]; len(all) > 2 || got != want {
			t.Errorf("worker %d: got CPUs %q, want %q", i, got, want)
		}
	}
	if got := proc.Status(s.PID)["Cpus_allowed_list"]; got != strings.Join(all, "-") {
		t.Errorf("PID 1: got CPUs %q, want all", got)
	}
}

func TestAWorkerFindsSupervisordsVariables(t *testing.T) {
	_, w := report(t, nil, env{
		"PERCORE_NAME": "web", "PERCORE_GROUP": "webs", "PERCORE_PORTS_FROM": "9000", "WEB_CONCURRENCY": "7",
		"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "1000", "LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "x",
	})
	for name, want := range map[string]string{
		"SUPERVISOR_ENABLED": "1", "SUPERVISOR_PROCESS_NAME": "web-9000", "SUPERVISOR_GROUP_NAME": "webs",
	} {
		if got, _ := w.variable(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"WEB_CONCURRENCY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		if got, found := w.variable(name); found {
			t.Errorf("%s: got %q, want it removed", name, got)
		}
	}
}

func TestFORWARDSIGNALSReachEveryWorker(t *testing.T) {
	s := start(t, env{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "2", "PERCORE_FORWARD_SIGNALS": "USR1,WINCH,HUP"},
		"--", "bash", "-c", `for s in USR1 WINCH HUP USR2; do trap "echo {index} got $s" $s; done; echo ready; while :; do read -t 0.05 x <> <(:); done`)
	s.Await("the workers", func() bool { return len(s.output(true)) == 2 })
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGWINCH, syscall.SIGHUP} {
		s.Signal(sig)
		name := strings.TrimPrefix(signalName(sig), "SIG")
		s.Await(name+" in both workers", func() bool { return s.Said("0 got "+name) && s.Said("1 got "+name) })
	}
	if s.Said(`"msg":"status"`) {
		t.Error("got the status printed, want USR1 forwarded only")
	}
	s.Stop()
}

func signalName(sig syscall.Signal) string {
	return map[syscall.Signal]string{syscall.SIGUSR1: "SIGUSR1", syscall.SIGWINCH: "SIGWINCH", syscall.SIGHUP: "SIGHUP"}[sig]
}

func TestSIGNALMAPRewritesWhatWorkersGet(t *testing.T) {
	s := script(
		t, env{"PERCORE_SIGNAL_MAP": "TERM:QUIT,USR1:"},
		`trap 'echo got TERM' TERM; trap 'echo got QUIT; exit 0' QUIT; echo ready; while :; do sleep 0.05; done`,
	)
	s.Await("the worker", func() bool { return len(s.output(true)) == 1 })
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if got := strings.Join(s.output(true), "|"); got != "ready|got QUIT" {
		t.Errorf("stdout: got %q, want the worker to have got QUIT", got)
	}
}

func TestEXITONSaysWhenPercoreGivesUp(t *testing.T) {
	// Worker 0 ends at once, worker 1 lives.
	const line = `[ {index} = 1 ] && exec sleep 100; exit 5`
	programs := func(variables env) env {
		all := env{
			"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "1", "PERCORE_STARTRETRIES": "0", "PERCORE_STARTSECS": "60",
			"PERCORE_PROGRAMS": "side", "PERCORE_SIDE_COMMAND": "sh -c 'exit 7'", "PERCORE_SIDE_STARTRETRIES": "0", "PERCORE_SIDE_STARTSECS": "60",
		}
		maps.Copy(all, variables)
		return all
	}
	tests := []struct {
		name      string
		variables env
		line      string
		code      int // below 0: percore goes on
		process   string
	}{
		{"all-fatal takes the fleet's end for the container's", env{"PERCORE_EXIT_ON": "all-fatal"}, "sleep 0.3; exit 5", 5, "sh:sh-"},
		{"all-fatal does not mind another program", env{}, "exec sleep 100", -1, ""},
		{"any-fatal minds every program", env{"PERCORE_EXIT_ON": "any-fatal"}, "exec sleep 100", 7, "side:side"},
		{"first-exit minds every end", env{"PERCORE_EXIT_ON": "first-exit", "PERCORE_SIDE_COMMAND": "sleep 100"}, "sleep 0.1; exit 0", 0, "sh:sh-"},
		{"first-exit with several workers", env{"PERCORE_EXIT_ON": "first-exit", "PERCORE_SIDE_COMMAND": "sleep 100", "PERCORE_WORKERS": "2"}, line, 5, "sh:sh-"},
		{"first-exit by a signal", env{"PERCORE_EXIT_ON": "first-exit", "PERCORE_SIDE_COMMAND": "sleep 100"}, "kill -SEGV $$", 139, "sh:sh-"},
		{"never minds nothing", env{"PERCORE_EXIT_ON": "never"}, "exit 5", -1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, programs(tt.variables), "--", "sh", "-c", tt.line)
			if tt.code < 0 {
				s.Await("side to be given up", func() bool { return s.Said("side:side", "fatal") })
				tt.code = 0
				if got := s.Stop(); got != 0 {
					t.Errorf("exit code: got %d, want 0 for having been asked to", got)
				}
				return
			}
			if got := s.Wait(); got != tt.code {
				t.Errorf("exit code: got %d, want %d", got, tt.code)
			}
			if !s.Said("fleet ended", tt.process) {
				t.Errorf("got no line that names %s as the cause", tt.process)
			}
		})
	}
}
