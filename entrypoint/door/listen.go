package door

import (
	"percore/entrypoint/config/value"
	"percore/lbproxy/socket"
	"percore/reaper/names"
)

// Listen opens the public sockets of an address, one for each loop; a unix socket as the user that its folder
// belongs to.
func Listen(a value.Address, loops int) (ls []socket.Listener, err error) {
	if a.Path == "" {
		return socket.Listen(a.String(), loops)
	}
	err = names.AsOwner(a.Path, func() error {
		ls, err = socket.Listen(a.String(), loops)
		return err
	})
	return ls, err
}
