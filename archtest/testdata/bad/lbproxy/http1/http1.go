// Package http1 imports a package of the project.
package http1

import "crooked/lbproxy/epoll"

// Parse breaks a rule by its import.
func Parse() { epoll.Wait() }
