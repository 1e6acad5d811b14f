package desk

import (
	"errors"

	"percore/entrypoint/control"
)

// tail sends the end of what a worker wrote.
func (j *job) tail() (code int, err error) {
	list := sorted(j.desk.Fleet.Status())
	if len(j.request.Names) != 1 {
		return control.CodeInvalid, errors.New("tail takes one name")
	}
	found := choose(list, j.request.Names[0])
	if len(found.list) == 0 || found.whole {
		j.fault(found.group, found.name, control.NoSuchName, "")
		return control.CodeGeneric, nil
	}
	return control.CodeGeneric, errors.ErrUnsupported
}
