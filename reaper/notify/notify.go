// Package notify is the socket on which processes say how they are, in the protocol of systemd (man 3 sd_notify): it
// reads what comes and says which process and user it is from. What a notice means, and whether its sender may send
// it, is the reader's to decide.
package notify

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
)

// noticeBytesMax bounds a notice, as systemd does; what is longer is cut.
const noticeBytesMax = 4096

// Socket is the socket on which workers say how they are (man 3 sd_notify). Its name is abstract: it takes no
// writable folder, and a worker of any user may send to it. The kernel tells which process sends (man 7 unix,
// SCM_CREDENTIALS), and a reader has to go by that.
type Socket struct {
	conn    *net.UnixConn
	address string
}

// Open makes the socket.
func Open() (*Socket, error) {
	address := fmt.Sprintf("@percore-%d-%x", os.Getpid(), rand.Uint64())
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("open notify socket: %w", err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		var sockErr error
		err = raw.Control(func(fd uintptr) {
			sockErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
		})
		if err == nil {
			err = os.NewSyscallError("setsockopt", sockErr)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Socket{conn: conn, address: address}, nil
}

// Address is what a worker gets in NOTIFY_SOCKET.
func (n *Socket) Address() string { return n.address }

// Close ends Read.
func (n *Socket) Close() { _ = n.conn.Close() }

// Sender is the process that sent a notice, as the kernel has it.
type Sender struct{ PID, UID int }

// Read hands over each notice with its sender, and waits until it has been heeded: a worker that sends without end
// fills the socket, not percore's memory. It ends when the socket is closed.
func (n *Socket) Read(heed func(from Sender, text string)) {
	buf, control := make([]byte, noticeBytesMax), make([]byte, noticeBytesMax)
	for {
		size, controlSize, _, _, err := n.conn.ReadMsgUnix(buf, control)
		if err != nil {
			return
		}
		if from := senderOf(control[:controlSize]); from.PID > 0 {
			heed(from, string(buf[:size]))
		}
	}
}

// senderOf is the process that has sent a notice, by the kernel's word; its PID is 0 when it is of no process here.
// Descriptors that came along are closed, which is all that BARRIER=1 waits for.
func senderOf(control []byte) (from Sender) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return Sender{}
	}
	for i := range messages {
		if fds, err := syscall.ParseUnixRights(&messages[i]); err == nil {
			for _, fd := range fds {
				_ = syscall.Close(fd)
			}
		}
		if c, err := syscall.ParseUnixCredentials(&messages[i]); err == nil {
			from = Sender{int(c.Pid), int(c.Uid)}
		}
	}
	return from
}
