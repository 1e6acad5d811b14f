// Package plan starts something.
package plan

import "crooked/entrypoint/front"

// Make breaks a rule by its import.
func Make() string { return front.Run() }
