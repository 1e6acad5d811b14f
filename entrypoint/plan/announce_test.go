package plan

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/value"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
)

func TestTheBootLineSaysWhatWasDecidedAndWhy(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		want    []string
		not     []string
		notes   int
	}{
		"behind the front door": {
			environ: []string{"PERCORE_WORKERS=3", "PERCORE_LISTEN=:80,[::1]:81", "PERCORE_STOP_TIMEOUT=7", "PERCORE_CLIENT_BODY_TEMP_PATH=/x"},
			want: []string{
				`level=INFO msg="percore starts" version=1.2 pid=`,
				"cpus=2 cpus_why=affinity mode=http workers=3 command=true", "stop_timeout=7s",
				`listen=:80,[::1]:81 loops=1`,
				"temp_path=/x forwarded_headers_trusted_from=none",
			},
			not: []string{"programs="}, notes: 1,
		},
		"without files for bodies": {
			environ: []string{"PERCORE_PROXY_REQUEST_BUFFERING=off", "PERCORE_PROXY_MAX_TEMP_FILE_SIZE=0"},
			want:    []string{"temp_path=none "}, notes: 1,
		},
		"without traffic": {
			environ: []string{"PERCORE_MODE=none"}, want: []string{"mode=none workers=2"},
			not: []string{"listen=", "loops=", "programs="},
		},
		"with programs": {
			environ: []string{"PERCORE_MODE=none", "PERCORE_PROGRAMS=mail,cron", "PERCORE_MAIL_COMMAND=true", "PERCORE_CRON_COMMAND=true"},
			want:    []string{"programs=mail,cron"},
		},
		"proxies that are believed": {
			environ: []string{"PERCORE_TRUSTED_PROXIES=10.0.0.0/8,unix"},
			want:    []string{"forwarded_headers_trusted_from=10.0.0.0/8,unix"}, notes: 1,
		},
		"as many proxies as are known of": {
			environ: []string{"PERCORE_TRUSTED_HOPS=2"},
			want:    []string{`forwarded_headers_trusted_from="every peer, hops: 2"`}, notes: 1,
		},
		"a command whose words need quoting": {
			environ: []string{"PERCORE_COMMAND=sh -c 'a b'", "PERCORE_NAME=x"},
			want:    []string{`command="sh -c 'a b'"`}, notes: 1,
		},
		"the platform's budget has its reason": {
			environ: []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"},
			want:    []string{"stop_timeout=29s", "stop_timeout_why="}, notes: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, p, err := planOn(t, roomy(1000), c.environ...)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			p.Announce(slog.New(slog.NewTextHandler(&out, nil)), cfg, "1.2")
			line, rest, _ := strings.Cut(out.String(), "\n")
			for _, part := range c.want {
				if !strings.Contains(line, part) {
					t.Errorf("got %s, want %s in it", line, part)
				}
			}
			for _, part := range c.not {
				if strings.Contains(line, part) {
					t.Errorf("got %s, want no %s", line, part)
				}
			}
			if got := strings.Count(rest, `level=WARN msg=degraded reason=`); got != c.notes || strings.Count(rest, "\n") != c.notes {
				t.Errorf("got %s behind it, want %d notes", rest, c.notes)
			}
		})
	}
}

func TestHowManyCPUsInWords(t *testing.T) {
	for want, count := range map[string]cpus.Count{"1 CPU: quota 0.5": {N: 1, Why: "quota 0.5"}, "2 CPUs: affinity": {N: 2, Why: "affinity"}} {
		if got := (&Plan{CPUs: count}).Why(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// metadata is a stand-in for the endpoint that ECS gives a task; it answers each request with body.
func metadata(t *testing.T, body string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
			conn.Close()
		}
	}()
	return "http://" + l.Addr().String() + "/v4/x"
}

func TestTheLimitOfATaskIsAskedForWhereItMatters(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		environ []string
		task    float64 // that the CPUs are counted with
		note    string
	}{
		"a limit":                       {body: `{"Limits":{"CPU":1.5,"Memory":512}}`, task: 1.5},
		"none":                          {body: `{}`},
		"nothing goes by it":            {body: `{"Limits":{"CPU":1.5}}`, environ: []string{"PERCORE_WORKERS=4", "PERCORE_LOOPS=1"}},
		"the loops alone go by it":      {body: `{"Limits":{"CPU":1.5}}`, environ: []string{"PERCORE_WORKERS=4"}, task: 1.5},
		"an answer that makes no sense": {body: `<html>`, note: "the limit of the ECS task is not known: "},
		"an endpoint that does not answer": {
			body: "", environ: []string{"ECS_CONTAINER_METADATA_URI_V4=http://127.0.0.1:1/v4"},
			note: "the limit of the ECS task is not known: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, asked := roomy(1000), -1.0
			m.count = func(task float64) cpus.Count { asked = task; return cpus.Count{N: 2} }
			_, p, err := planOn(t, m, environment.Overlay([]string{"ECS_CONTAINER_METADATA_URI_V4=" + metadata(t, c.body)}, c.environ)...)
			if err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(p.notes, "\n")
			if asked != c.task || !strings.Contains(notes, c.note) || c.note == "" && strings.Contains(notes, "ECS") {
				t.Errorf("got CPUs counted with %v and notes %q, want %v and %q", asked, p.notes, c.task, c.note)
			}
			if p.Recount(); asked != c.task {
				t.Errorf("counted anew with %v, want %v", asked, c.task)
			}
		})
	}
}

func TestEveryValueOfExitOnIsTheFleets(t *testing.T) {
	for e, want := range map[value.ExitOn]fleet.ExitOn{
		value.ExitOnAllFatal: fleet.AllFatal, value.ExitOnAnyFatal: fleet.AnyFatal,
		value.ExitOnFirstExit: fleet.FirstExit, value.ExitOnNever: fleet.NeverExit, "": fleet.AllFatal,
	} {
		if got := ExitOn(e); got != want {
			t.Errorf("%q: got %v, want %v", e, got, want)
		}
	}
}

// A plan is made anew for each update: it must not take long, nor change the configuration that holds.
func TestTwoPlansOfOneConfigurationAreTheSame(t *testing.T) {
	cfg, first, err := planOn(t, roomy(0), "PERCORE_USER=65534:65534", "PERCORE_PROGRAMS=a", "PERCORE_A_COMMAND=true")
	if err != nil {
		t.Fatal(err)
	}
	second, err := makeOn(roomy(0), cfg)
	if err != nil {
		t.Fatal(err)
	}
	a, b := first.Programs(cfg, nil, noFiles), second.Programs(cfg, nil, noFiles)
	if len(a) != 3 || len(b) != 3 || first.Front.UID != second.Front.UID {
		t.Fatalf("got %d and %d programs, users %+v and %+v", len(a), len(b), first.Front, second.Front)
	}
	for i := range a {
		if got := differing(a[i], b[i]); len(got) > 0 {
			t.Errorf("%s: got %q differing", a[i].Name, got)
		}
	}
}
