package control_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"percore/entrypoint/control"
)

// Whoever may write to the folder of a socket that is not there, or not any more, can listen in its place.
func TestTheClientTellsAStrangerNothing(t *testing.T) {
	dir := openFolder(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, "s")
	stranger := commandOfNobody(t, "server", place)
	var heard bytes.Buffer
	stranger.Stdout = &heard
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
	c, err := control.Dial(control.Place(place), os.DirFS("/proc"))
	for deadline := time.Now().Add(patience); notYet(err) && time.Now().Before(deadline); {
		c, err = control.Dial(control.Place(place), os.DirFS("/proc"))
	}
	if err == nil {
		_, _ = c.Call(t.Context(), control.Request{Verb: control.VerbUpdate, Set: []string{"PASSWORD=secret"}}, func(control.Frame) error { return nil })
		c.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "uid 65534 listens there") {
		t.Errorf("got error %v, want one that says who listens", err)
	}
	_ = stranger.Wait()
	if heard.Len() > 0 {
		t.Errorf("the stranger heard %q, want nothing", heard.String())
	}
}

// notYet reports whether a server has still to come.
func notYet(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
