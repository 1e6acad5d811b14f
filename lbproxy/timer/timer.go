// Package timer has the deadlines of one loop: a [Table] with at most one for each slot of the loop's connections, and
// the [Wakeup] that notices when the loop did not run. It reads no clock and makes no system call: the owner says what
// time it is, asks [Table.Next] for the first deadline, sleeps for what [Wakeup.Plan] says, and takes what has run out
// from [Table.Expired]. All of it belongs to the goroutine that runs the loop.
package timer

// Class is a kind of time-out, such as "keep-alive" or "connect". All timers of a class have the same
// duration, so appending to the class's list keeps it sorted, and arming, moving and clearing cost O(1). Finding the
// first deadline looks at each class once.
type Class uint16

// None is the class of a slot whose timer is not armed.
const None Class = 0

const noSlot = -1

// Table holds at most one timer for each slot of the owner's table. The zero value is not ready: use New.
type Table struct {
	lists []list  // by Class; lists[None] is unused
	nodes []timer // by slot
}

type list struct {
	head, tail int32
	millis     int64 // duration of the class; <= 0 means that its timers never end
}

type timer struct {
	deadline   int64 // milliseconds on the owner's clock
	prev, next int32
	class      Class
}

// New makes timers for the classes 1…len(millis), of which a Class has to hold the last; millis[i] is the duration of class i+1 in
// milliseconds, and a duration of 0 or less means "never".
func New(millis ...int64) *Table {
	t := &Table{lists: make([]list, 1+len(millis))}
	for i, ms := range millis {
		t.lists[i+1] = list{head: noSlot, tail: noSlot, millis: ms}
	}
	return t
}

// Grow makes room for slots below n; the owner calls it when its table grows.
func (t *Table) Grow(n int) {
	t.nodes = append(t.nodes, make([]timer, max(0, n-len(t.nodes)))...)
}

// Set arms the slot's timer for the class's duration from now, whatever it was armed for before.
func (t *Table) Set(slot int32, class Class, nowMillis int64) {
	t.Clear(slot)
	l := &t.lists[class]
	if l.millis <= 0 {
		return
	}
	n := &t.nodes[slot]
	*n = timer{deadline: nowMillis + l.millis, prev: l.tail, next: noSlot, class: class}
	if l.tail == noSlot {
		l.head = slot
	} else {
		t.nodes[l.tail].next = slot
	}
	l.tail = slot
}

// Resize changes the duration of a class, also for those of its timers that are armed. With 0 or less these are
// cleared.
func (t *Table) Resize(class Class, millis int64) {
	l := &t.lists[class]
	change := millis - l.millis
	l.millis = millis
	for slot := l.head; slot != noSlot; {
		next := t.nodes[slot].next
		if millis <= 0 {
			t.Clear(slot)
		} else {
			t.nodes[slot].deadline += change
		}
		slot = next
	}
}

// Class tells what the slot's timer is armed for.
func (t *Table) Class(slot int32) Class { return t.nodes[slot].class }

// Clear disarms the slot's timer; it may be called twice.
func (t *Table) Clear(slot int32) {
	n := &t.nodes[slot]
	if n.class == None {
		return
	}
	l := &t.lists[n.class]
	if n.prev == noSlot {
		l.head = n.next
	} else {
		t.nodes[n.prev].next = n.next
	}
	if n.next == noSlot {
		l.tail = n.prev
	} else {
		t.nodes[n.next].prev = n.prev
	}
	n.class = None
}

// Next returns the earliest deadline in milliseconds; ok is false when no timer is armed.
func (t *Table) Next() (deadline int64, ok bool) {
	for i := range t.lists[1:] {
		l := &t.lists[i+1]
		if l.head == noSlot {
			continue
		}
		if d := t.nodes[l.head].deadline; !ok || d < deadline {
			deadline, ok = d, true
		}
	}
	return deadline, ok
}

// Oldest returns the slot of a class that runs out first; ok is false when none is armed for it.
func (t *Table) Oldest(class Class) (slot int32, ok bool) {
	slot = t.lists[class].head
	return slot, slot != noSlot
}

// Following returns the slot of the same class that runs out after this one, whose timer must be armed; ok is false
// behind the last.
func (t *Table) Following(slot int32) (next int32, ok bool) {
	next = t.nodes[slot].next
	return next, next != noSlot
}

// Age is how many milliseconds ago the slot's timer, which must be armed, was set.
func (t *Table) Age(slot int32, nowMillis int64) int64 {
	n := &t.nodes[slot]
	return nowMillis - (n.deadline - t.lists[n.class].millis)
}

// Expired disarms and returns one slot whose deadline is not after now, with its class; ok is false when
// there is none left.
func (t *Table) Expired(nowMillis int64) (slot int32, class Class, ok bool) {
	for i := range t.lists[1:] {
		l := &t.lists[i+1]
		if l.head == noSlot || t.nodes[l.head].deadline > nowMillis {
			continue
		}
		slot, class = l.head, Class(i+1)
		t.Clear(slot)
		return slot, class, true
	}
	return 0, None, false
}
