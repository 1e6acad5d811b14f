// Package balance knows a loop.
package balance

import "crooked/lbproxy"

// Choose breaks a rule by its import.
func Choose() { lbproxy.Serve() }
