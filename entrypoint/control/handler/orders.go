package handler

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"percore/entrypoint/config/value"
	"percore/entrypoint/control"
	"percore/reaper/fleet"
)

// operation is how a verb is carried out: the fleet's order, and which processes supervisord leaves out when a group
// is meant.
type operation struct {
	verb fleet.Verb
	fits func(fleet.WorkerStatus) bool
}

func operationOf(verb control.Verb) operation {
	switch verb {
	case control.VerbStart:
		return operation{fleet.Start, notRunning}
	case control.VerbStop:
		return operation{fleet.Stop, running}
	case control.VerbSignal:
		return operation{fleet.Signal, signallable}
	case control.VerbDrain:
		return operation{fleet.Drain, running}
	default:
		return operation{fleet.Undrain, running}
	}
}

// each does the verb to each of the names, one name after another, as supervisorctl does.
func (j *job) each(verb control.Verb) (code int, err error) {
	o := operationOf(verb)
	if slices.Contains(j.request.Names, all) {
		return j.do(verb, o, filter(withoutOwn(sorted(j.handler.Fleet.Status())), o.fits))
	}
	for _, name := range j.request.Names {
		list := sorted(j.handler.Fleet.Status())
		found := choose(list, name)
		if len(found.list) == 0 {
			why := found.instead(list)
			j.tell(control.Outcome{Group: found.group, Name: found.name, Fault: found.missing(), Why: why}, verb)
			continue
		}
		if found.whole {
			found.list = filter(found.list, o.fits)
		}
		if code, err := j.do(verb, o, found.list); err != nil {
			return code, err
		}
	}
	return j.code, nil
}

// do gives the fleet an order about these processes.
func (j *job) do(verb control.Verb, o operation, list []fleet.WorkerStatus) (code int, err error) {
	order := fleet.Order{Verb: o.verb, Processes: titles(list)}
	if verb == control.VerbSignal {
		if order.Signal = signalOf(j.request.Signal); order.Signal == 0 {
			for _, s := range list {
				j.fault(s.Group, s.Name, control.BadSignal, "")
			}
			return j.code, nil
		}
	}
	if len(list) == 0 {
		return j.code, nil
	}
	return j.carryOut(verb, order)
}

// carryOut waits for an order and passes its outcomes on. An error that belongs to one of them has been told.
func (j *job) carryOut(verb control.Verb, order fleet.Order) (code int, err error) {
	var told []error
	err = j.await(order, func(o fleet.Outcome) {
		told = append(told, o.Err)
		j.tell(Outcome(o), verb)
	})
	if err == nil || slices.ContainsFunc(told, func(one error) bool { return one != nil && errors.Is(err, one) }) {
		return j.code, nil
	}
	return control.CodeGeneric, err
}

// restart rolls those that run, all in one go, and starts the others; hard, it stops them all and then starts them
// all. supervisorctl's restart is a stop and a start, and so are the complaints about names that mean nothing.
func (j *job) restart() (code int, err error) {
	if j.request.Hard {
		if code, err := j.each(control.VerbStop); err != nil {
			return code, err
		}
		return j.startAgain()
	}
	roll, rest := j.divide()
	if len(roll) > 0 {
		order := fleet.Order{Verb: fleet.Restart, Processes: titles(roll)}
		if code, err := j.carryOut(control.VerbRestart, order); err != nil {
			return code, err
		}
	}
	j.request.Names = rest
	if len(rest) == 0 {
		return j.code, nil
	}
	return j.startAgain()
}

// startAgain is the second half of a restart.
func (j *job) startAgain() (code int, err error) {
	code, err = j.each(control.VerbStart)
	if errors.Is(err, fleet.ErrPreparing) {
		return code, fmt.Errorf("%s: %w", fleet.Restart, fleet.ErrPreparing)
	}
	return code, err
}

// divide tells those that a restart replaces from the names that are only started, and says what supervisorctl's
// stop would say of the latter.
func (j *job) divide() (roll []fleet.WorkerStatus, rest []string) {
	list := sorted(j.handler.Fleet.Status())
	if slices.Contains(j.request.Names, all) {
		rest = titles(filter(withoutOwn(list), notRunning))
		return filter(withoutOwn(list), running), rest
	}
	for _, name := range j.request.Names {
		found := choose(list, name)
		up, down := filter(found.list, running), filter(found.list, notRunning)
		switch {
		case len(found.list) == 0:
			j.tell(control.Outcome{Group: found.group, Name: found.name, Fault: found.missing()}, control.VerbStop)
			rest = append(rest, name)
		case len(down) > 0 && !found.whole:
			j.tell(control.Outcome{Group: down[0].Group, Name: down[0].Name, Fault: control.NotRunning},
				control.VerbStop)
			fallthrough
		default:
			rest = append(rest, titles(down)...)
		}
		roll = append(roll, up...)
	}
	return roll, rest
}

func (j *job) scale() (code int, err error) {
	order := fleet.Order{Verb: fleet.Scale, Count: j.request.Count, Relative: j.request.Relative}
	if len(j.request.Names) > 0 {
		order.Group = j.request.Names[0]
		list := sorted(j.handler.Fleet.Status())
		if found := choose(list, order.Group+":*"); len(found.list) == 0 {
			j.fault(order.Group, "", control.NoSuchGroup, found.instead(list))
			return j.code, nil
		}
	}
	return j.carryOut(control.VerbScale, order)
}

// clear empties log files. Of workers without them what is kept for tail is forgotten.
func (j *job) clear() int {
	list := sorted(j.handler.Fleet.Status())
	var found []fleet.WorkerStatus
	if slices.Contains(j.request.Names, all) {
		found = withoutOwn(list)
	}
	for _, name := range j.request.Names {
		if name == all {
			continue
		}
		c := choose(list, name)
		if len(c.list) == 0 || c.whole {
			j.fault(c.group, c.name, control.NoSuchProcess, c.instead(list))
			continue
		}
		found = append(found, c.list...)
	}
	for _, s := range found {
		if err := j.handler.Fleet.Clear(s.Process); err != nil {
			j.fault(s.Group, s.Name, control.Failed, err.Error())
			continue
		}
		j.tell(control.Outcome{Group: s.Group, Name: s.Name, Did: "cleared"}, control.VerbClear)
	}
	return j.code
}

// signalOf reads HUP, SIGHUP, RTMIN+3 or 1; 0 is no signal.
func signalOf(text string) syscall.Signal {
	var s value.Signal
	if s.UnmarshalText([]byte(text)) != nil {
		return 0
	}
	return syscall.Signal(s)
}
