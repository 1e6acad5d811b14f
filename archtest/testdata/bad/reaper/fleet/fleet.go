// Package fleet imports sideways and upwards.
package fleet

import (
	"percore/entrypoint/config"
	"percore/lbproxy"
)

// Start breaks two rules by its imports.
func Start() string {
	lbproxy.Serve()
	return config.Home()
}
