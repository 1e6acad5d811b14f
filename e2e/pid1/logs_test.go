package pid1

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"percore/e2e/proc"
	"percore/e2e/rig"
)

// script runs a shell line as the only worker, without a front door.
func script(t *testing.T, variables env, line string) *service {
	t.Helper()
	all := env{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "1", "PERCORE_NAME": "job", "PERCORE_GROUP": "jobs"}
	maps.Copy(all, variables)
	return start(t, all, "--", "sh", "-c", line)
}

// content is what a file holds by now.
func content(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// output is what workers have written to stdout or stderr by now, without percore's own lines.
func (s *service) output(stdout bool) []string {
	var list []string
	for _, l := range s.All(func(l rig.Line) bool {
		return l.Stdout == stdout && l.Message == "" && !strings.HasPrefix(l.Text, "percore: ") && !strings.HasPrefix(l.Text, "unshare: ")
	}) {
		list = append(list, l.Text)
	}
	return list
}

func TestOutputPassesUntouched(t *testing.T) {
	s := script(t, nil, `printf 'a\tb\r\n{"msg":1}\n  \n'; printf 'to stderr\n' >&2; printf 'a prompt without an end'; sleep 100`)
	want := []string{"a\tb\r", `{"msg":1}`, "  "}
	s.Await("the prompt", func() bool { return s.Unfinished() == "a prompt without an end" })
	if got := s.output(true); !slices.Equal(got, want) {
		t.Errorf("stdout: got %q, want %q", got, want)
	}
	if got := s.output(false); !slices.Equal(got, []string{"to stderr"}) {
		t.Errorf("stderr: got %q, want %q", got, "to stderr")
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestLOGPREFIXNamesTheWorkerBeforeEachLine(t *testing.T) {
	s := script(t, env{"PERCORE_LOG_PREFIX": "true"}, `echo one; echo two >&2; printf 'in '; printf 'pieces\n\nlast'; exec sleep 0.1`)
	port := strconv.Itoa(s.PortsFrom)
	s.Await("the last line, when the worker has ended", func() bool { return s.Said("job-" + port + ": last") })
	want := []string{"job-" + port + ": one", "job-" + port + ": in pieces", "job-" + port + ": ", "job-" + port + ": last"}
	if got := s.output(true)[:4]; !slices.Equal(got, want) {
		t.Errorf("stdout: got %q, want %q", got, want)
	}
	if got := s.output(false)[0]; got != "job-"+port+": two" {
		t.Errorf("stderr: got %q, want it prefixed", got)
	}
}

func TestLOGPREFIXCanBeJSON(t *testing.T) {
	s := script(t, env{"PERCORE_LOG_PREFIX": "json"}, `echo '{"level":"info"}'; sleep 100`)
	var lines []rig.Line
	s.Await("the line", func() bool {
		lines = s.All(func(l rig.Line) bool { return l.Stdout })
		return len(lines) > 0
	})
	var got struct{ Process, Stream, Msg string }
	if err := json.Unmarshal([]byte(lines[0].Text), &got); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("jobs:job-%d", s.PortsFrom); got.Process != want || got.Stream != "stdout" || got.Msg != `{"level":"info"}` {
		t.Errorf("got %+v, want process %s, stdout and the line itself", got, want)
	}
}

func TestAWorkersLinesStayWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shared.log")
	s := start(t, env{"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "4", "PERCORE_STDOUT_LOGFILE": file},
		"--", workerBinary, "worker", "write", "word-{index}", "2000")
	s.Await("every line", func() bool { return strings.Count(content(file), "\n") >= 8000 })
	for _, l := range strings.Split(strings.TrimSpace(content(file)), "\n") {
		if words := strings.Fields(l); len(words) != 3 || words[0] != words[2] {
			t.Fatalf("line: got %q, want the same word at both ends", l)
		}
	}
}

func TestEachWorkerMayHaveALogFileOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	s := start(t, env{
		"PERCORE_MODE": "none", "PERCORE_READY": "none", "PERCORE_WORKERS": "2", "PERCORE_NAME": "job", "PERCORE_USER": "65534:65534",
		"PERCORE_STDOUT_LOGFILE": dir + "/{name}.log", "PERCORE_STDERR_LOGFILE": dir + "/{index}-{port}.err",
	}, "--", "sh", "-c", "echo out {index}; echo err {index} >&2; exec sleep 100")
	for i := range 2 {
		out, err := fmt.Sprintf("%s/job-%d.log", dir, s.PortsFrom+i), fmt.Sprintf("%s/%d-%d.err", dir, i, s.PortsFrom+i)
		s.Await("both files", func() bool {
			return content(out) == fmt.Sprintf("out %d\n", i) && content(err) == fmt.Sprintf("err %d\n", i)
		})
		info, _ := os.Stat(out)
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65534 || owner.Gid != 65534 || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: got %d:%d %v, want 65534:65534 and 0644", out, owner.Uid, owner.Gid, info.Mode())
		}
	}
	if got := append(s.output(true), s.output(false)...); len(got) != 0 {
		t.Errorf("the container's own output: got %q, want nothing of the workers", got)
	}
}

func TestLogFilesRotate(t *testing.T) {
	dir := t.TempDir()
	s := script(t, env{
		"PERCORE_STDOUT_LOGFILE": dir + "/log", "PERCORE_STDOUT_LOGFILE_MAXBYTES": "10", "PERCORE_STDOUT_LOGFILE_BACKUPS": "2",
	}, `for i in 1 2 3 4 5; do echo "line $i, long"; sleep 0.05; done; exec sleep 100`)
	s.Await("the last rotation", func() bool { return content(dir+"/log.1") == "line 5, long\n" })
	if got := content(dir + "/log.2"); got != "line 4, long\n" {
		t.Errorf("log.2: got %q, want the line before", got)
	}
	if files, _ := os.ReadDir(dir); len(files) != 3 {
		t.Errorf("got %d files, want the log and two backups", len(files))
	}
}

func TestWithoutBackupsTheLogFileIsEmptied(t *testing.T) {
	dir := t.TempDir()
	s := script(t, env{
		"PERCORE_STDERR_LOGFILE": dir + "/log", "PERCORE_STDERR_LOGFILE_MAXBYTES": "10", "PERCORE_STDERR_LOGFILE_BACKUPS": "0",
	}, `echo "a long line" >&2; sleep 0.2; echo short >&2; exec sleep 100`)
	s.Await("the short line alone", func() bool { return content(dir+"/log") == "short\n" })
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("got %d files, want one", len(files))
	}
}

func TestREDIRECTSTDERRKeepsTheOrder(t *testing.T) {
	s := script(t, env{"PERCORE_REDIRECT_STDERR": "true"}, `echo 1; echo 2 >&2; echo 3; echo 4 >&2; exec sleep 100`)
	s.Await("four lines", func() bool { return len(s.output(true)) == 4 })
	if got := strings.Join(s.output(true), ""); got != "1234" {
		t.Errorf("stdout: got %q, want 1234", got)
	}
}

func TestLogsMayGoNowhereOrToTheOtherStream(t *testing.T) {
	s := script(t, env{"PERCORE_STDOUT_LOGFILE": "/dev/stderr", "PERCORE_STDERR_LOGFILE": "none"}, `echo lost >&2; echo kept; exec sleep 100`)
	s.Await("the line", func() bool { return slices.Equal(s.output(false), []string{"kept"}) })
	if got := s.output(true); len(got) != 0 {
		t.Errorf("stdout: got %q, want nothing", got)
	}
}

func TestUSR1ReopensLogFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	s := script(t, env{"PERCORE_STDOUT_LOGFILE": file}, `i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done`)
	s.Await("the first line", func() bool { return content(file) != "" })
	if err := os.Rename(file, file+".moved"); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGUSR1)
	s.Await("the log file to be there again", func() bool { return content(file) != "" })
	before, after := strings.Fields(content(file+".moved")), strings.Fields(content(file))
	last, _ := strconv.Atoi(before[len(before)-1])
	if next, _ := strconv.Atoi(after[0]); next != last+1 {
		t.Errorf("got %d before and %d after, want no line lost", last, next)
	}
	if !s.Said("output_bytes_dropped") {
		t.Error("got no status in the log, want it printed")
	}
}

func TestALogFileThatCannotBeOpenedEndsTheStart(t *testing.T) {
	s := script(t, env{"PERCORE_STDOUT_LOGFILE": "/no/such/place/{name}.log"}, "exec sleep 100")
	if code := s.Wait(); code != 2 {
		t.Errorf("exit code: got %d, want 2", code)
	}
	if !s.Said("log file", "/no/such/place/job-", "no such file or directory") {
		t.Error("got no line with the path and the reason")
	}
}

func TestAFullDiskIsSaidOnceAndTheWorkerGoesOn(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_STDOUT_LOGFILE": "/dev/full", "PERCORE_STDERR_LOGFILE": "/dev/full", "PERCORE_READY": "tcp"},
		"--", "sh", "-c", `(while :; do echo line; sleep 0.01; done) & exec `+workerBinary+` worker serve --port={port}`)
	s.AwaitReady(1)
	s.Await("the warning", func() bool { return s.Said("worker output is being dropped", "/dev/full", "no space left") })
	s.Signal(syscall.SIGUSR1)
	s.Await("the count of bytes", func() bool { return s.Said(`"output_bytes_dropped":`) && !s.Said(`"output_bytes_dropped":0`) })
	if got := len(s.WorkerLines("worker output is being dropped")); got != 1 {
		t.Errorf("warnings: got %d, want 1", got)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestAWorkerThatWritesWithoutEndDoesNotGrowPercore(t *testing.T) {
	s := start(t, env{"PERCORE_WORKERS": "1", "PERCORE_STDOUT_LOGFILE": "/dev/null", "PERCORE_LOG_PREFIX": "true"},
		"--", "sh", "-c", `tr '\0' x </dev/zero & exec `+workerBinary+` worker serve --port={port}`)
	s.AwaitReady(1)
	for range 50 {
		s.Body("/")
	}
	kilobytes := proc.Resident(s.PID)
	t.Logf("PID 1 has %d kB resident", kilobytes)
	if kilobytes > 16<<10 {
		t.Errorf("PID 1: got %d kB resident, want at most 16 MB", kilobytes)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

func TestTheLastLinesOfADeadWorkerAreToldWithTheReason(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	s := script(t, env{"PERCORE_STDOUT_LOGFILE": file, "PERCORE_STDERR_LOGFILE": "NONE", "PERCORE_STARTSECS": "0", "PERCORE_STARTRETRIES": "100"},
		`echo begin >&2; echo "Traceback: no database" >&2; sleep 0.2; exit 3`) // one stream: two have no order between them
	s.Await("the last lines of the second one", func() bool {
		return s.Said(`"starts":2`) && s.Said("last lines of a worker", `"reason":"exited with code 3 after`, `"last_lines":"begin\nTraceback: no database"`)
	})
	if s.Said("no database\\nbegin") {
		t.Error("got lines of an earlier process, want those of the one that ended")
	}
	s.Stop()
}
