package desk

import (
	"errors"

	"percore/entrypoint/control"
)

// tailBytesMax bounds one frame of output.
const tailBytesMax = 64 << 10

// tail sends the end of what a worker wrote, and goes on as it writes if it is to follow.
func (j *job) tail() (code int, err error) {
	if len(j.request.Names) != 1 {
		return control.CodeInvalid, errors.New("tail takes one name")
	}
	found := choose(sorted(j.desk.Fleet.Status()), j.request.Names[0])
	if len(found.list) == 0 || found.whole {
		j.fault(found.group, found.name, control.NoSuchName, "")
		return control.CodeGeneric, nil
	}
	data, next, wake, ok := j.read(found.list[0].Process, 0)
	if !ok {
		j.fault(found.group, found.name, control.NoSuchName, "")
		return control.CodeGeneric, nil
	}
	data = data[max(0, len(data)-max(0, j.request.Bytes)):]
	for {
		if len(data) > 0 {
			if err := j.reply(control.Frame{Data: data}); err != nil {
				return control.CodeGeneric, nil // it has left
			}
		}
		if !j.request.Follow {
			return control.CodeOK, nil
		}
		select {
		case <-wake:
		case <-j.ctx.Done():
			return control.CodeOK, nil
		}
		if data, next, wake, ok = j.read(found.list[0].Process, next); !ok {
			return control.CodeOK, nil // the process was scaled away
		}
	}
}

// read takes what the fleet keeps from a position on. A client that is slower than the worker misses what was overwritten.
func (j *job) read(process string, from uint64) (data []byte, next uint64, wake <-chan struct{}, ok bool) {
	return j.desk.Fleet.Tail(process, j.request.Stream, from, tailBytesMax)
}
