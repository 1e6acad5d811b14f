package control

import (
	"bufio"
	"bytes"
	"io/fs"
	"log/slog"
	"time"
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

// NamesMax is how many names a request may have.
const NamesMax = namesMax

// SetPatience makes clients be given up sooner; it is called before Run.
func (s *Server) SetPatience(d time.Duration) { s.patience = d }

// Refusals is the log of refused clients by another clock.
func Refusals(log *slog.Logger, now func() time.Time) func(pid, uid int) {
	r := refusals{log: log, now: now}
	return func(pid, uid int) { r.note(peer{pid: pid, uid: uid}) }
}
