package handler

import (
	"bytes"
	"fmt"
	"slices"

	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

// stretch is what a stream of a process has written, or a part of it.
type stretch struct {
	from *source
	data []byte
	last bool // nothing follows
}

// source is one stream of one process.
type source struct {
	process, prefix, stream string
	at                      int64  // where what comes next begins
	rest                    []byte // of a line that is not over yet
}

// logs sends the end of both streams of all the processes that are named, or of all, each line behind the name of
// the process that wrote it. Of several streams, each comes whole: nothing tells when a line was written.
func (j *job) logs() (code int, err error) {
	chosen := j.named()
	if len(chosen) == 0 {
		return j.code, nil
	}
	width := 0
	for _, s := range chosen {
		width = max(width, len(s.Name))
	}
	var sources []*source
	for _, s := range chosen {
		for _, stream := range []string{"stdout", "stderr"} {
			prefix := fmt.Sprintf("%-*s | ", width, s.Name)
			sources = append(sources, &source{process: s.Process, stream: stream, prefix: prefix})
		}
	}
	for _, from := range sources {
		data, next, _, _ := j.handler.Fleet.Tail(from.process, from.stream, -int64(max(1, j.request.Bytes)),
			tailBytesMax)
		from.at = next
		if !j.send(from.lines(wholeLines(data, j.request.Bytes), !j.request.Follow)) {
			return control.CodeGeneric, nil
		}
	}
	if j.request.Follow {
		j.followAll(sources)
	}
	return j.code, nil
}

// named are the processes that the request is about: all but percore's own where it names none.
func (j *job) named() (list []fleet.WorkerStatus) {
	everyone := sorted(j.handler.Fleet.Status())
	if len(j.request.Names) == 0 || slices.Contains(j.request.Names, all) {
		return withoutOwn(everyone)
	}
	for _, name := range j.request.Names {
		found := choose(everyone, name)
		if len(found.list) == 0 {
			j.fault(found.group, found.name, control.NoSuchName, found.instead(everyone))
			j.code = control.CodeGeneric
		}
		list = append(list, found.list...)
	}
	return list
}

// followAll sends what is written from now on, until the client leaves.
func (j *job) followAll(sources []*source) {
	news := make(chan stretch)
	for _, from := range sources {
		go j.watch(from, news)
	}
	for {
		select {
		case s := <-news:
			if !j.send(s.from.lines(s.data, s.last)) {
				return
			}
		case <-j.ctx.Done():
			return
		}
	}
}

// watch hands on what a stream gets, until the client leaves or the process is no more.
func (j *job) watch(from *source, news chan<- stretch) {
	for at := from.at; ; {
		data, next, wake, ok := j.handler.Fleet.Tail(from.process, from.stream, at, tailBytesMax)
		if len(data) > 0 || !ok {
			select {
			case news <- stretch{from, data, !ok}:
			case <-j.ctx.Done():
				return
			}
		}
		if !ok {
			return
		}
		if at = next; len(data) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-j.ctx.Done():
			return
		}
	}
}

// send is false when the client has left.
func (j *job) send(data []byte) bool {
	return len(data) == 0 || j.reply(control.Frame{Data: data}) == nil
}

// lines puts the source's prefix before each whole line, and before what is left of one when nothing follows.
func (s *source) lines(data []byte, last bool) (text []byte) {
	data = append(s.rest, data...)
	for {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			break
		}
		text = append(append(append(text, s.prefix...), line...), '\n')
		data = rest
	}
	if s.rest = nil; last && len(data) > 0 || len(data) > tailBytesMax {
		return append(append(append(text, s.prefix...), data...), '\n')
	}
	s.rest = slices.Clone(data)
	return text
}

// wholeLines leaves out the part of a line that the end of a longer output begins with.
func wholeLines(data []byte, asked int) []byte {
	if len(data) < asked {
		return data
	}
	if _, rest, found := bytes.Cut(data, []byte{'\n'}); found {
		return rest
	}
	return data
}
