package readme

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"percore/e2e/rig"
)

// workerWord makes the test binary a worker: WORD PORT INDEX.
const workerWord = "readme-worker"

// silence is longer than any test waits for an answer.
const silence = 10 * rig.Patience

// misbehave is a worker that serves until it is killed, except that it ends at once as any worker but the first. The
// path of a request says what is wrong with its answer.
func misbehave(args []string) int {
	if len(args) > 1 && args[1] != "0" {
		return 1
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		go answer(conn)
	}
}

func answer(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	request, err := r.ReadString('\n')
	if err != nil {
		return // the readiness probe
	}
	for line := request; line != "\r\n" && err == nil; {
		line, err = r.ReadString('\n')
	}
	switch path := strings.Fields(request)[1]; path {
	case "/close":
	case "/malformed":
		fmt.Fprint(conn, "hello\r\n\r\n")
	case "/longhead":
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nSet-Cookie: %s\r\n\r\n", strings.Repeat("x", 65<<10))
	case "/silent":
		time.Sleep(silence)
	default:
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
	}
}
