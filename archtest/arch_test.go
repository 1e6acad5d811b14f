// Package archtest holds the product to the walls of DESIGN section 2: which package may
// import which, and who may fork, read the environment, poll or exit. It has no code of
// its own to import.
package archtest

import (
	"slices"
	"strings"
	"testing"
)

// rule is one wall. check returns a line for each place that breaks it, in any order.
type rule struct {
	name  string
	check func(tree) []string
}

var rules = []rule{
	{"reaper imports neither lbproxy nor entrypoint", imports("reaper", "lbproxy", "entrypoint")},
	{"lbproxy imports neither reaper nor entrypoint", imports("lbproxy", "reaper", "entrypoint")},
	{"the rooms of reaper know no fleet", imports("reaper", "reaper/fleet")},
	{"http1 imports nothing of the project", imports("lbproxy/http1", "")},
	{
		"the leaves of lbproxy know neither loop nor exchange",
		all(
			leaf("lbproxy/accesslog", "lbproxy/client", "lbproxy/http1"),
			leaf("lbproxy/balance", "lbproxy/socket"),
			leaf("lbproxy/buffer", "lbproxy/http1"),
			leaf("lbproxy/client", "lbproxy/http1"),
			leaf("lbproxy/epoll"),
			leaf("lbproxy/handshake"),
			leaf("lbproxy/notice"),
			leaf("lbproxy/page", "lbproxy/http1"),
			leaf("lbproxy/proxyproto"),
			leaf("lbproxy/refusal", "lbproxy/http1"),
			leaf("lbproxy/socket", "lbproxy/handshake"),
			leaf("lbproxy/spool"),
			leaf("lbproxy/timer"),
		),
	},
	{
		"the rooms of entrypoint know what they are given",
		all(
			leaf("entrypoint/demo", "lbproxy/http1"),
			leaf("entrypoint/front", "entrypoint/link", "entrypoint/output", "entrypoint/self", "lbproxy", "lbproxy/socket"),
			leaf("entrypoint/link", "lbproxy"),
			leaf("entrypoint/output", "entrypoint/config/value"),
			leaf("entrypoint/self"),
			// A plan starts and opens nothing, and a client of the control socket knows no fleet.
			imports("entrypoint/plan", "entrypoint/control", "entrypoint/door", "entrypoint/front", "entrypoint/link", "entrypoint/settings", "entrypoint/supervise"),
			imports("entrypoint/control/ctl", "entrypoint/control/handler", "entrypoint/settings", "entrypoint/supervise", "reaper", "lbproxy"),
		),
	},
	{"nothing linked into the binary imports os/exec, net/http or testing", linked("os/exec", "net/http", "testing")},
	{
		"only entrypoint/config reads the environment",
		only(under("entrypoint/config"),
			"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Setenv", "os.Unsetenv", "os.Clearenv",
			"syscall.Getenv", "syscall.Environ", "syscall.Setenv", "unix.Getenv", "unix.Environ", "unix.Setenv",
			"envconfig.*").
			// main hands the whole environment to config, once.
			except("entrypoint", "os.Environ"),
	},
	{
		"only reaper forks, waits or kills",
		only(under("reaper"),
			"syscall.ForkExec", "syscall.StartProcess", "os.StartProcess", "os.FindProcess",
			"syscall.Wait4", "unix.Wait4", "unix.Waitid", "syscall.Kill", "unix.Kill", "unix.Tgkill",
			"unix.PidfdSendSignal", "unix.SYS_FORK", "unix.SYS_CLONE", "unix.SYS_WAIT4", "unix.SYS_KILL",
			"syscall.SYS_FORK", "syscall.SYS_CLONE", "syscall.SYS_WAIT4", "syscall.SYS_KILL"),
	},
	{
		"only lbproxy/epoll polls",
		only(under("lbproxy/epoll"),
			"unix.EpollCreate", "unix.EpollCreate1", "unix.EpollCtl", "unix.EpollWait",
			"unix.SYS_EPOLL_CTL", "unix.SYS_EPOLL_WAIT", "unix.SYS_EPOLL_PWAIT", "unix.SYS_EPOLL_PWAIT2",
			"syscall.EpollCreate1", "syscall.EpollCtl", "syscall.EpollWait"),
	},
	{
		"only lbproxy's transport reads, writes and asks for reasons",
		all(
			only(inFiles("lbproxy", "transport.go", "accept.go"), "unix.*", "syscall.*",
				"socket.Recv", "socket.Send", "socket.SendFile", "socket.SendLast", "socket.Accept", "socket.Open", "socket.Connect", "socket.BoundUnsent",
				"socket.FINLag", "socket.Unread", "socket.AppendLocal", "socket.ShutdownWrite", "socket.Close", "socket.ResetOnClose"),
			only(inFiles("lbproxy", "transport.go"), "epoll.*"),
			fields("lbproxy", inFiles("lbproxy", "transport.go", "accept.go"), "fd", "facts"),
			fields("lbproxy", inFiles("lbproxy", "transport.go"), "poller", "noteEvent"),
			own("lbproxy", inFiles("lbproxy", "transport.go", "accept.go"),
				"factReadable", "factEnded", "factGone", "factFailed", "factFinSent", "factUnwatched"),
		),
	},
	{
		"what a client is told leaves by its response writer",
		all(
			fields("lbproxy", inFiles("lbproxy", "transport.go", "responsewriter.go", "responsehttp1.go", "responseheld.go", "try.go", "tunnel.go"),
				"send", "sendLast", "sendFile"),
			// A request has an unsent of its own, for the worker. A tunnel writes to both ends, as bytes with no response about them.
			fieldsBut("request", "lbproxy", inFiles("lbproxy", "responsewriter.go", "responseheld.go", "request.go", "tunnel.go"), "unsent"),
		),
	},
	{"an exchange asks its own service", firstOf("lbproxy", inFiles("lbproxy", "exchange.go"), "services")},
	{"only the table of modes compares modes", compared("entrypoint/config/value/mode.go", "Mode", "ModeOf")},
	{"only main exits", only(inMain, "os.Exit", "syscall.Exit", "unix.Exit", "log.Fatal", "log.Fatalf")},
	{"nothing sleeps or ticks", only(nowhere, "time.Sleep", "time.Tick", "time.NewTicker")},
	{"no package has an init function", inits},
	{
		"go.mod requires what DESIGN allows, and all of it",
		requires("github.com/kelseyhightower/envconfig", "github.com/oklog/run", "golang.org/x/sys"),
	},
}

func TestTheProductKeepsItsWalls(t *testing.T) {
	product := load(t, "..")
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			if got := rule.check(product); len(got) > 0 {
				t.Errorf("got\n\t%s\nwant nothing", strings.Join(got, "\n\t"))
			}
		})
	}
}

// A check that can't fail is worth nothing: testdata/bad breaks each rule at known places.
func TestEachRuleSeesWhatBreaksIt(t *testing.T) {
	bad := load(t, "testdata/bad")
	want := map[string][]string{
		"reaper imports neither lbproxy nor entrypoint": {
			"reaper/fleet imports entrypoint/config", "reaper/fleet imports lbproxy",
		},
		"lbproxy imports neither reaper nor entrypoint": {"lbproxy imports reaper"},
		"the rooms of reaper know no fleet":             {"reaper/output imports reaper/fleet"},
		"http1 imports nothing of the project":          {"lbproxy/http1 imports lbproxy/epoll"},
		"the leaves of lbproxy know neither loop nor exchange": {
			"lbproxy/balance imports lbproxy", "lbproxy/timer imports lbproxy/http1",
		},
		"the rooms of entrypoint know what they are given": {
			"entrypoint/front imports entrypoint/config", "entrypoint/plan imports entrypoint/front",
		},
		"nothing linked into the binary imports os/exec, net/http or testing": {"lbproxy imports net/http", "reaper imports os/exec"},
		"only entrypoint/config reads the environment": {
			"entrypoint/main.go:15: os.Getenv",
			"entrypoint/main.go:16: os.Environ",
			"lbproxy/lbproxy.go:16: os.Getenv",
		},
		"only reaper forks, waits or kills": {
			"entrypoint/main.go:17: syscall.Kill", "lbproxy/lbproxy.go:17: syscall.Wait4",
		},
		"only lbproxy/epoll polls": {"reaper/reaper.go:11: syscall.EpollCreate1"},
		"only lbproxy's transport reads, writes and asks for reasons": {
			"lbproxy/answer.go:11: unix.Errno", "lbproxy/answer.go:13: unix.EAGAIN", "lbproxy/answer.go:14: epoll.In", "lbproxy/answer.go:14: facts",
			"lbproxy/answer.go:15: factReadable", "lbproxy/answer.go:16: fd", "lbproxy/answer.go:16: socket.Send",
			"lbproxy/answer.go:21: poller", "lbproxy/answer.go:22: noteEvent",
			"lbproxy/lbproxy.go:17: syscall.Wait4",
		},
		"what a client is told leaves by its response writer": {
			"lbproxy/answer.go:12: send", "lbproxy/answer.go:27: unsent", "lbproxy/answer.go:29: unsent",
		},
		"an exchange asks its own service": {
			"lbproxy/lbproxy.go:20: services[0]", "lbproxy/lbproxy.go:26: s[0]", "lbproxy/lbproxy.go:28: all[0]",
		},
		"only the table of modes compares modes": {
			"entrypoint/config/config.go:31: ModeNone",
			"entrypoint/disguised.go:12: Mode", "entrypoint/disguised.go:13: Mode", "entrypoint/disguised.go:16: Mode",
			"entrypoint/disguised.go:17: Mode", "entrypoint/disguised.go:19: m", "entrypoint/disguised.go:20: Mode",
			"entrypoint/disguised.go:22: of",
			"entrypoint/main.go:19: ModeNone", "entrypoint/main.go:20: Mode",
			"entrypoint/main.go:21: Mode", "entrypoint/main.go:22: ModeHTTP",
		},
		"only main exits":                 {"lbproxy/lbproxy.go:18: os.Exit"},
		"nothing sleeps or ticks":         {"lbproxy/lbproxy.go:19: time.Sleep"},
		"no package has an init function": {"reaper/reaper.go:17: init"},
		"go.mod requires what DESIGN allows, and all of it": {
			"go.mod lacks github.com/oklog/run", "go.mod requires example.org/surprise",
		},
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			got := rule.check(bad)
			slices.Sort(got)
			if !slices.Equal(got, want[rule.name]) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want[rule.name], "\n\t"))
			}
		})
	}
}
