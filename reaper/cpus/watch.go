package cpus

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"percore/reaper/cgroup"
)

// settleMillis is how long the files have to be quiet before the CPUs are counted again: quota and period are written
// one after the other.
const settleMillis = 100

// Watcher waits for changes of what Usable counts.
type Watcher struct {
	inotify *os.File
}

// Watch begins to wait for changes of the quotas and CPU sets of this process's control groups, by inotify: the
// kernel tells of each write to one of their files, whatever process writes and through whichever mount (man 7
// inotify). It gives an error when there is no such file.
func Watch(fsys fs.FS) (*Watcher, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	w := &Watcher{inotify: os.NewFile(uintptr(fd), "inotify")}
	watched := 0
	for _, name := range files(fsys) {
		if _, err = unix.InotifyAddWatch(fd, "/"+name, unix.IN_MODIFY); err == nil {
			watched++
		}
	}
	if watched == 0 {
		w.inotify.Close()
		return nil, &fs.PathError{Op: "watch", Path: "cpu quota", Err: fs.ErrNotExist}
	}
	return w, nil
}

// Run calls changed, from this goroutine, some time after each change, until Close.
func (w *Watcher) Run(changed func()) {
	events := make(chan struct{}, 1)
	go w.read(events)
	timer := time.NewTimer(0)
	timer.Stop()
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
			timer.Reset(settleMillis * time.Millisecond)
		case <-timer.C:
			changed()
		}
	}
}

// read ends when the watcher is closed. What the events say does not matter, only that there are some.
func (w *Watcher) read(events chan<- struct{}) {
	defer close(events)
	var buf [4096]byte
	for {
		if _, err := w.inotify.Read(buf[:]); err != nil {
			return
		}
		select {
		case events <- struct{}{}:
		default:
		}
	}
}

// Close ends Run.
func (w *Watcher) Close() { w.inotify.Close() }

// files lists, as fs.FS names, what Usable depends on and may be written to.
func files(fsys fs.FS) []string {
	mounts, err := cgroup.Mounts(fsys, "cpu")
	if err != nil {
		return nil
	}
	own, _ := cgroup.Own(fsys, "cpu") // without it the mount points alone are looked at, as Usable does
	var names []string
	for _, m := range mounts {
		for _, dir := range m.Levels(own) {
			for _, file := range []string{"cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpuset.cpus"} {
				names = append(names, path.Join(dir, file))
			}
		}
	}
	// In version 1 CPU sets have a hierarchy of their own, beside that of the quotas.
	for _, m := range mounts {
		if m.Version == cgroup.V1 {
			names = append(names, path.Join(path.Dir(strings.Trim(m.Point, "/")), "cpuset", "cpuset.cpus"))
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { _, err := fs.Stat(fsys, name); return err != nil })
}
