package main

import (
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryStackNamesItsWorkersAndTheirPorts(t *testing.T) {
	l := &lab{dir: t.TempDir(), percore: "/bin/percore"}
	for _, s := range slices.Concat(restartStacks(), killStacks(), stopStacks(), footprintStacks()) {
		dir := t.TempDir()
		how, err := s.launch(l, s, dir, 8080)
		if err != nil {
			t.Fatalf("%s, %s: %v", s.name, s.app, err)
		}
		text := strings.Join(append(how.argv, how.env...), " ")
		for _, name := range []string{"supervisord.conf", "nginx.conf"} {
			conf, _ := os.ReadFile(dir + "/" + name) // only one kind of stack has them
			text += string(conf)
		}
		if how.marker == "" || !strings.Contains(text, how.marker) || how.restart == nil || !slices.Contains(how.ports, 8080) {
			t.Errorf("%s, %s: got %+v, want a marker, a restart and the public port", s.name, s.app, how)
		}
		if want := s.workers + 1; s.name != underHUP && len(how.ports) != want {
			t.Errorf("%s, %s: got ports %v, want %d", s.name, s.app, how.ports, want)
		}
	}
}

func TestBlockingWorkersGetOneRequestAtATime(t *testing.T) {
	for app, want := range map[string]bool{asyncApp: false, nodeApp: false, blockApp: true, syncApp: true} {
		got := slices.Contains(percoreEnv(percoreWith(app, 2), "/d", 80), "PERCORE_WORKER_CONCURRENCY=1")
		if got != want {
			t.Errorf("%s: got %t, want %t", app, got, want)
		}
	}
}

func TestTheConfigurationsShowNoPlaceOfThisMachine(t *testing.T) {
	l := &lab{dir: t.TempDir(), percore: "/somewhere/percore"}
	for _, c := range l.configurations() {
		if c.text == "" || strings.Contains(c.text, l.dir) || strings.Contains(c.text, "/somewhere") {
			t.Errorf("%s: got %q, want neutral places", c.title, c.text)
		}
	}
}

func TestIdleConnectionsAreToldApartByTheirEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := &service{launch: launch{address: listener.Addr().String(), path: "/wait"}}
	accepted := make(chan *net.TCPConn, idleClients)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<10)) // the whole request: what is unread would make a reset of a close
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			accepted <- conn.(*net.TCPConn)
		}
	}()
	idle := holdIdle(s)
	if len(idle) != idleClients {
		t.Fatalf("got %d connections, want %d", len(idle), idleClients)
	}
	var open []net.Conn
	for i := range idleClients {
		conn := <-accepted
		switch {
		case i < 3:
			_ = conn.SetLinger(0)
			_ = conn.Close()
		case i < 10:
			_ = conn.Close()
		default:
			open = append(open, conn)
		}
	}
	if got, want := lookAt(idle[:12]), (idleEnds{closed: 7, reset: 3, open: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, conn := range append(open, idle[12:]...) {
		_ = conn.Close()
	}
}

func TestLanesKeepTheOrder(t *testing.T) {
	stacks := []stack{percoreWith(asyncApp, 4), percoreWith(asyncApp, 1), percoreWith(asyncApp, 2)}
	got := inLanes(2, stacks, func(s stack) int {
		time.Sleep(time.Duration(s.workers) * time.Millisecond)
		return s.workers
	})
	if !slices.Equal(got, []int{4, 1, 2}) {
		t.Errorf("got %v, want the stacks' order", got)
	}
}

func TestOnlyACarefulOperatorKeepsNginxFromLeavingWorkersOut(t *testing.T) {
	for _, test := range []struct {
		name  string
		stack stack
		want  string
	}{
		{"the deployment guide's", supervisordWith(asyncApp, 2), "        server 127.0.0.1:81;\n        server 127.0.0.1:82;\n"},
		{"one by one", oneByOne(asyncApp, 2), "        server 127.0.0.1:81 max_fails=0;\n        server 127.0.0.1:82 max_fails=0;\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := renderNginx(test.stack, "/d", 80); !strings.Contains(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
