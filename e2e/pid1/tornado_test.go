package pid1

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"percore/e2e/load"
	"percore/e2e/program"
	"percore/e2e/rig"
)

// startTornado runs the example application.
func startTornado(t *testing.T, workers int, variables env) *service {
	t.Helper()
	return startTornadoUnder(t, nil, workers, variables)
}

// startTornadoUnder is startTornado with a command in front of each worker's, which it has to become.
func startTornadoUnder(t *testing.T, wrapper []string, workers int, variables env) *service {
	t.Helper()
	rig.Need(t, "real Tornado workers", program.Python, "-c", "import tornado")
	main, err := filepath.Abs("../../examples/tornado/main.py")
	if err != nil {
		t.Fatal(err)
	}
	all := env{"PERCORE_WORKERS": fmt.Sprint(workers), "PERCORE_NAME": "tornado", "PERCORE_GROUP": "tornadoes"}
	maps.Copy(all, variables)
	words := append(slices.Concat([]string{"--"}, wrapper), program.Python, "-B", main, "--port={port}", "--logging=warning")
	s := start(t, all, words...)
	s.AwaitReady(workers)
	return s
}

// seenByTornado is what the example application's /headers says.
type seenByTornado struct {
	RemoteIP string      `json:"remote_ip"`
	Protocol string      `json:"protocol"`
	Host     string      `json:"host"`
	Headers  [][2]string `json:"headers"`
}

func (seen seenByTornado) values(name string) (values []string) {
	for _, header := range seen.Headers {
		if strings.EqualFold(header[0], name) {
			values = append(values, header[1])
		}
	}
	return values
}

func TestTornadoSeesTheClientAndNotTheProxy(t *testing.T) {
	s := startTornado(t, 1, nil)
	for _, test := range []struct {
		name   string
		header []string
	}{
		{"as it is", nil},
		{"whatever X-Real-IP the client makes up", []string{"X-Real-IP: 203.0.113.9"}},
		{"however the client spells it", []string{"x-real-ip: 203.0.113.9", "X-REAL-IP: 203.0.113.10"}},
		{"with underscores too", []string{"X_Real_IP: 203.0.113.9", "X_Forwarded_For: 203.0.113.9"}},
		{"whatever X-Forwarded-For it makes up", []string{"X-Forwarded-For: 203.0.113.9, 203.0.113.10"}},
		{"whatever scheme it makes up", []string{"X-Scheme: https", "X-Forwarded-Proto: https"}},
		{"when its Connection field tries to have ours removed", []string{"Connection: X-Real-IP, X-Scheme"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var seen seenByTornado
			if err := json.Unmarshal([]byte(s.Body("/headers", append(test.header, "Host: shop.example:8443")...)), &seen); err != nil {
				t.Fatal(err)
			}
			if seen.RemoteIP != "127.0.0.1" || seen.Protocol != "http" || seen.Host != "shop.example:8443" {
				t.Errorf("got %q %q %q, want 127.0.0.1, http and the host with its port", seen.RemoteIP, seen.Protocol, seen.Host)
			}
			for name, want := range map[string][]string{
				"X-Real-Ip": {"127.0.0.1"}, "X-Scheme": {"http"}, "X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"http"},
				"X-Forwarded-Host": {"shop.example:8443"}, "X_real_ip": nil, "X_forwarded_for": nil,
			} {
				if got := seen.values(name); !slices.Equal(got, want) {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if strings.Contains(fmt.Sprint(seen.Headers), "203.0.113") {
				t.Errorf("got %v, want nothing that the client made up", seen.Headers)
			}
		})
	}
}

const transferBytes = 64 << 20

func TestAnUploadOf64MiBArrivesUnchanged(t *testing.T) {
	s := startTornado(t, 1, env{"PERCORE_CLIENT_MAX_BODY_SIZE": "100MB"})
	request := s.Get("/upload")
	request.Method, request.Body = http.MethodPost, exampleBytes(transferBytes)
	result := load.Once(request)
	if result.OK() != 1 {
		t.Fatal(result)
	}
	hash := sha256.Sum256(request.Body)
	want := fmt.Sprintf(`{"length": %d, "sha256": %q}`, transferBytes, hex.EncodeToString(hash[:]))
	if got := string(result.Body); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestADownloadOf64MiBArrivesUnchanged(t *testing.T) {
	s := startTornado(t, 1, nil)
	want := sha256.Sum256(exampleBytes(transferBytes))
	for _, how := range []string{"", "&chunked=1"} {
		body := s.Body(fmt.Sprintf("/download?bytes=%d%s", transferBytes, how))
		if got := sha256.Sum256([]byte(body)); got != want {
			t.Errorf("download %q: got %d bytes with hash %x, want %d with %x", how, len(body), got, transferBytes, want)
		}
	}
}

// exampleBytes are those that the example application's /download sends: every block of 64 KiB begins with its number.
func exampleBytes(n int) []byte {
	const block = 64 << 10
	all := make([]byte, n)
	for i := range all {
		all[i] = byte(i)
	}
	for i := 0; i+8 <= n; i += block {
		binary.BigEndian.PutUint64(all[i:], uint64(i/block))
	}
	return all
}
