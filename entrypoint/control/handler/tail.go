package handler

import (
	"errors"
	"fmt"
	"strings"

	"percore/entrypoint/control"
)

// tailBytesMax bounds one frame of output.
const tailBytesMax = 64 << 10

// tail sends the end of what a worker wrote, and goes on as it writes if it is to follow.
func (j *job) tail() (code int, err error) {
	if len(j.request.Names) != 1 {
		return control.CodeInvalid, errors.New("tail takes one name")
	}
	list := sorted(j.handler.Fleet.Status())
	found := choose(list, j.request.Names[0])
	if len(found.list) == 0 || found.whole {
		j.fault(found.group, found.name, control.NoSuchName, found.instead(list))
		return control.CodeGeneric, nil
	}
	code, err = j.follow(found.list[0].Process)
	if !j.wrote && !j.request.Follow && j.request.Comment && code == control.CodeOK {
		j.text("%s", j.elsewhere(found.list[0].Process))
	}
	return code, err
}

// elsewhere says where there is output of a process when a stream has none.
func (j *job) elsewhere(process string) string {
	other := "stderr"
	if j.request.Stream == other {
		other = "stdout"
	}
	if data, _, _, _ := j.handler.Fleet.Tail(process, other, -1, 1); len(data) > 0 {
		return fmt.Sprintf("%s has written nothing to %s; there is something on %s: percore tail %s %s", process,
			j.request.Stream, other, process, other)
	}
	if path := j.handler.Fleet.LogPath(process, j.request.Stream); path != "" {
		return fmt.Sprintf("%s has written nothing to %s, which goes to %s", process, j.request.Stream, path)
	}
	return process + " has written nothing to either stream; percore status -v shows how it is"
}

// follow sends as many of the last bytes as were asked for, and what comes after them if that is wanted. A client
// that is slower than the worker may miss something.
func (j *job) follow(process string) (code int, err error) {
	left := max(0, j.request.Bytes)
	from := -int64(max(1, left))
	for {
		data, next, wake, ok := j.handler.Fleet.Tail(process, j.request.Stream, from, tailBytesMax)
		if !ok && from < 0 {
			group, name, _ := strings.Cut(process, ":")
			j.fault(group, name, control.NoSuchName, "")
			return control.CodeGeneric, nil
		}
		isAll := len(data) < tailBytesMax
		if from < 0 || !j.request.Follow {
			data = data[:min(len(data), left)]
		}
		left -= len(data)
		j.wrote = j.wrote || len(data) > 0
		if len(data) > 0 && j.reply(control.Frame{Data: data}) != nil {
			return control.CodeGeneric, nil // it has left
		}
		if !ok || !j.request.Follow && (isAll || left == 0) {
			return control.CodeOK, nil // in the former case the process was scaled away
		}
		if from = next; !isAll {
			continue
		}
		select {
		case <-wake:
		case <-j.ctx.Done():
			return control.CodeOK, nil
		}
	}
}
