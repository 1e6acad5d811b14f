// Package fleet imports sideways and upwards.
package fleet

import (
	"crooked/entrypoint/config"
	"crooked/lbproxy"
)

// Start breaks two rules by its imports.
func Start() string {
	lbproxy.Serve()
	return config.Home()
}
