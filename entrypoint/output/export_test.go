package output

// Waiting is how many lines are not written yet, the one under way included.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.lines) + q.underWay
}
