package demo

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"strings"

	"percore/lbproxy/http1"
)

// Media types of the answers.
const (
	typeText = "text/plain; charset=utf-8"
	typeHTML = "text/html; charset=utf-8"
	typeJSON = "application/json"
)

// page is what an answer says.
type page struct {
	Worker   string `json:"worker"`
	Index    int    `json:"index"`
	PID      int    `json:"pid"`
	CPU      int    `json:"cpu"` // that this answer was made on; -1 when the kernel does not say
	Requests int64  `json:"requests"`
	Method   string `json:"method"`
	Target   string `json:"target"`
	Client   string `json:"client"` // X-Real-IP, or the peer's address where no proxy set it
	Scheme   string `json:"scheme"` // X-Scheme, or http
}

func (s *session) newPage() page {
	p := page{
		Worker:   s.server.options.Name,
		Index:    s.server.options.Index,
		PID:      os.Getpid(),
		CPU:      currentCPU(),
		Requests: s.server.requests.Load(),
		Method:   string(s.request.Method),
		Target:   string(s.request.Target),
		Client:   s.conn.RemoteAddr().String(),
		Scheme:   "http",
	}
	for _, f := range s.request.Fields {
		switch f.ID {
		case http1.FieldXRealIP:
			p.Client = string(f.Value)
		case http1.FieldXScheme:
			p.Scheme = string(f.Value)
		}
	}
	return p
}

func (p *page) text() []byte {
	const format = "Hello from %s!\n\nworker    %s (index %d)\npid       %d\ncpu       %d\nrequests  %d\n" +
		"request   %s %s\nclient    %s\nscheme    %s\n"
	return fmt.Appendf(nil, format,
		p.Worker, p.Worker, p.Index, p.PID, p.CPU, p.Requests, p.Method, p.Target, p.Client, p.Scheme)
}

func (p *page) html() []byte {
	const format = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>%[1]s</title>
<style>
body { font: 1.1em/1.6 system-ui, sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em; color-scheme: light dark }
th { text-align: left; font-weight: normal; opacity: .6; padding-right: 2em }
</style>
<h1>Hello from %[1]s!</h1>
<table>
<tr><th>worker<td>%[1]s (index %[2]d)
<tr><th>pid<td>%[3]d
<tr><th>cpu<td>%[4]d
<tr><th>requests<td>%[5]d
<tr><th>request<td>%[6]s %[7]s
<tr><th>client<td>%[8]s
<tr><th>scheme<td>%[9]s
</table>
<p>Reload to meet another worker; see it as <a href="/json">JSON</a>, <a href="/slow?ms=1000">wait a second</a>,
or <a href="/crash">crash a worker</a> and watch it come back.
</html>
`
	return fmt.Appendf(nil, format, html.EscapeString(p.Worker), p.Index, p.PID, p.CPU, p.Requests,
		html.EscapeString(p.Method), html.EscapeString(p.Target), html.EscapeString(p.Client), html.EscapeString(p.Scheme))
}

func (p *page) json() []byte {
	b, err := json.Marshal(p)
	if err != nil { // strings and numbers always marshal
		return []byte("{}\n")
	}
	return append(b, '\n')
}

// render picks the representation: JSON by path, HTML for browsers, text for every other client.
func (p *page) render(path string, acceptsHTML bool) (mediaType string, content []byte) {
	switch {
	case path == "/json":
		return typeJSON, p.json()
	case acceptsHTML:
		return typeHTML, p.html()
	}
	return typeText, p.text()
}

// acceptsHTML reports whether an Accept field names text/html. Weights are left alone: a client that names it can
// show it.
func acceptsHTML(fields []http1.Field) bool {
	for _, f := range fields {
		if f.ID == http1.FieldAccept && strings.Contains(strings.ToLower(string(f.Value)), "text/html") {
			return true
		}
	}
	return false
}
