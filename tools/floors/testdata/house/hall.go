package house

import "strings"

// Hall is next to the door.
type Hall struct{ lamp bool }

func (h *Hall) light() { h.lamp = strings.Contains(bottle, "b") }

func (h *Hall) leave(d *Door) { d.Enter() }
