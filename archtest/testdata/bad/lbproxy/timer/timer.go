// Package timer is a leaf that imports a package of the project.
package timer

import "crooked/lbproxy/http1"

// New breaks a rule by its import.
func New() { http1.Parse() }
