package spool

import (
	"sync"
	"sync/atomic"
)

// line is the files that wait for less to be on its way to a disk, the first to come first.
type line struct {
	length atomic.Int64

	sync.Mutex // guards files
	files      []*File
}

func (q *line) add(f *File) {
	q.Lock()
	defer q.Unlock()
	q.files = append(q.files, f)
	q.length.Add(1)
}

// take is the first, or nil.
func (q *line) take() *File {
	q.Lock()
	defer q.Unlock()
	if len(q.files) == 0 {
		return nil
	}
	f := q.files[0]
	q.files[0] = nil
	q.files = q.files[1:]
	q.length.Add(-1)
	return f
}
