package house

// Door leads into the hall.
type Door struct {
	open, locked bool
	hall         *Hall
}

// Enter uses the hall, which lies below: a use that runs downwards.
func (d *Door) Enter() { d.hall.light() }

func knock() string { return "knock" }
