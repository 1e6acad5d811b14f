package suggest

// Advice is a row of the lists.
type Advice struct {
	Names []string
	Mend  string
}

// AllAdvice is every row.
func AllAdvice() (list []Advice) {
	for _, a := range append(laterNames(), peersNames()...) {
		list = append(list, Advice{a.names, a.mend})
	}
	return list
}
