package notify

import (
	"net"
	"os"
	"syscall"
	"testing"
)

func TestNoticesComeWithTheirSender(t *testing.T) {
	n, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	heard, done := make(chan string), make(chan struct{})
	go func() {
		defer close(done)
		n.Read(func(from Sender, text string) {
			if want := (Sender{os.Getpid(), os.Getuid()}); from != want {
				t.Errorf("sender: got %+v, want %+v", from, want)
			}
			heard <- text
		})
	}()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, _, err := conn.WriteMsgUnix([]byte("BARRIER=1"), syscall.UnixRights(int(writer.Fd())), &net.UnixAddr{Name: n.address, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if got := <-heard; got != "BARRIER=1" {
		t.Errorf("got %q, want BARRIER=1", got)
	}
	if _, err := reader.Read(make([]byte, 1)); err == nil {
		t.Error("barrier: got it open, want it closed")
	}
	n.Close()
	<-done
}
