package proc

import (
	"net"
	"os"
	"slices"
	"testing"
)

func TestSocketsAreToldApartByTheirState(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	if got := Established(port); got != 0 {
		t.Errorf("connections: got %d, want none yet", got)
	}
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	await(t, "the connection", func() bool { return Established(port) == 1 })

	all := Sockets(os.Getpid())
	at := slices.IndexFunc(all, func(s Socket) bool { return s.Port == port && s.Listening })
	if at < 0 {
		t.Fatalf("got %v, want one that listens on %d", all, port)
	}
	if inode := all[at].Inode; !Holds(os.Getpid(), inode) || Holds(os.Getppid(), inode) {
		t.Errorf("socket %s: want it among the descriptors of this process alone", inode)
	}
}

func TestWhatIsNoRowIsLeftOut(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	const row = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n"
	const busy = "   1: 0100007F:1F90 0100007F:9C40 01 0000000A:00000B00 01:00000014 00000000     0        0 12346 2 0000000000000000\n"
	got := parseSockets(head + row + busy + "   2: cut\n")
	want := []Socket{
		{Port: 8080, Listening: true, Inode: "12345"},
		{Port: 8080, Peer: 40_000, Established: true, Unsent: 10, Unread: 0xb00, Inode: "12346"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Sockets(noProcess); got != nil {
		t.Errorf("sockets of no process: got %v, want none", got)
	}
}
