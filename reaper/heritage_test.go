package reaper_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"percore/reaper"
	"percore/reaper/cpus"
)

// allowed is the line of /proc/PID/status about a child's CPUs, and its umask.
const allowed = `sed -n 's/^Cpus_allowed_list:\t//p;s/^Umask:\t//p' /proc/$$/status | tr '\n' ' '`

func TestAChildInheritsTheUmaskAndTheCPUsThatItsSpecNames(t *testing.T) {
	r := start(t)
	all := cpus.Set()
	last := all[len(all)-1]
	plain := strings.Fields(output(t, r, reaper.Spec{Path: "/bin/sh", Args: []string{"sh", "-c", allowed}}))
	if len(plain) != 2 {
		t.Fatalf("got %q, want the CPUs and the umask", plain)
	}
	mask, none := 0o027, 0
	tests := []struct {
		name string
		spec reaper.Spec
		want []string
	}{
		{"a umask", reaper.Spec{Umask: &mask}, []string{"0027", plain[1]}},
		{"a umask of nothing", reaper.Spec{Umask: &none}, []string{"0000", plain[1]}},
		{"one CPU", reaper.Spec{CPUs: []int{last}}, []string{plain[0], fmt.Sprint(last)}},
		{"both", reaper.Spec{CPUs: []int{last}, Umask: &mask}, []string{"0027", fmt.Sprint(last)}},
		{"a CPU that is not there", reaper.Spec{CPUs: []int{1000}}, plain},
		{"nothing, after all this", reaper.Spec{}, plain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.Path, tt.spec.Args = "/bin/sh", []string{"sh", "-c", allowed}
			got := strings.Fields(output(t, r, tt.spec))
			if len(got) != 2 || !sameWords(got, tt.want) {
				t.Errorf("umask and CPUs: got %q, want %q", got, tt.want)
			}
		})
	}
	if status, err := os.ReadFile("/proc/self/status"); err != nil || !strings.Contains(string(status), "Umask:\t"+plain[0]) {
		t.Errorf("percore's own umask has changed: want %s (%v)", plain[0], err)
	}
}

func sameWords(got, want []string) bool {
	return strings.Join(got, " ") == strings.Join(want, " ")
}

// What one child gives up, the next one that is forked must still have, and the threads that Go starts as well.
func TestOnlyTheChildThatIsToHaveNoNewPrivilegesHasNone(t *testing.T) {
	r := start(t)
	told := func(spec reaper.Spec) string {
		spec.Path, spec.Args = "/bin/sh", []string{"sh", "-c", `sed -n 's/^NoNewPrivs:\t//p' /proc/$$/status`}
		return strings.TrimSpace(output(t, r, spec))
	}
	before, others := told(reaper.Spec{}), threadsWithoutNewPrivileges(t) // one stays of each reaper before
	mask := 0o027
	for _, spec := range []reaper.Spec{{NoNewPrivs: true}, {NoNewPrivs: true, Umask: &mask, Pdeathsig: syscall.SIGKILL}} {
		if got := told(spec); got != "1" {
			t.Errorf("no_new_privs: got %q, want 1", got)
		}
		if got := told(reaper.Spec{}); got != before {
			t.Errorf("the next child: got no_new_privs %q, want %q", got, before)
		}
	}
	if without := threadsWithoutNewPrivileges(t) - others; without != 1 && before == "0" {
		t.Errorf("got %d threads more without new privileges, want the one that forks such children", without)
	}
}

func threadsWithoutNewPrivileges(t *testing.T) (n int) {
	t.Helper()
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		if text, err := os.ReadFile(thread); err == nil && strings.Contains(string(text), "NoNewPrivs:\t1") {
			n++
		}
	}
	return n
}
