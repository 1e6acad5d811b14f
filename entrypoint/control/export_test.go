package control

import (
	"bufio"
	"bytes"
	"io/fs"
)

// What tests of the private place need.
var (
	PrivatePlace  = privatePlace
	PrivatePrefix = privatePrefix
)

func DialPrivate(proc fs.FS, otherwise error) (*Conn, error) {
	return dialPrivate(privatePlaces(proc), otherwise)
}

// ClientsMax is how many clients there may be.
const ClientsMax = clientsMax

// ReadRequest reads a request as the server does.
func ReadRequest(text []byte) (r Request, err error) {
	err = read(bufio.NewReader(bytes.NewReader(text)), requestBytesMax, &r)
	return r, err
}

// DialOnly is DialSole with another place to look at first.
var DialOnly = dialOnly
