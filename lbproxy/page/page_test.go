package page_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"percore/lbproxy/page"
)

func formatOf(head string) page.Format {
	var accept page.Accept
	accept.AddHead([]byte(head))
	return accept.Format()
}

func TestTheFormatFollowsAccept(t *testing.T) {
	tests := []struct {
		name, fields string
		want         page.Format
	}{
		{"nothing said", "", page.HTML},
		{"a browser", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", page.HTML},
		{"curl", "Accept: */*\r\n", page.Text},
		{"a script that wants JSON before text", "accept: application/json, text/plain, */*\r\n", page.JSON},
		{"text before JSON", "Accept: text/plain, application/json\r\n", page.Text},
		{"weights", "Accept: text/html;q=0.5, application/json;q=0.9, text/plain;q=0.1\r\n", page.JSON},
		{"weights of three digits", "Accept: text/html;q=0.501,application/json;q=0.502\r\n", page.JSON},
		{"a weight behind other parameters", "Accept: text/html; level=1; q=0.2, application/json;q=0.3\r\n", page.JSON},
		{"a capital Q", "Accept: text/html;Q=0.2, application/json;q=0.3\r\n", page.JSON},
		{"a weight of nothing forbids", "Accept: text/plain;q=0, */*\r\n", page.HTML},
		{"everything forbidden", "Accept: */*;q=0\r\n", page.Text},
		{"the more specific range counts, wherever it stands", "Accept: */*;q=0.9, text/plain;q=0.1, text/html;q=0.2\r\n", page.JSON},
		{"any text", "Accept: text/*\r\n", page.Text},
		{"any application", "Accept: application/*\r\n", page.JSON},
		{"a relative of JSON", "Accept: application/problem+json\r\n", page.JSON},
		{"XHTML", "Accept: application/xhtml+xml\r\n", page.HTML},
		{"capitals", "ACCEPT: TEXT/HTML\r\n", page.HTML},
		{"an exact range before a wildcard of the same weight", "Accept: */*, application/json\r\n", page.JSON},
		{"several fields are one list", "Accept: image/png\r\nAccept: application/json\r\n", page.JSON},
		{"nothing of ours", "Accept: image/avif, image/webp\r\n", page.Text},
		{"rubbish", "Accept: ;;;q=,/,,q=0.5;\r\n", page.Text},
		{"another field", "Accept-Encoding: application/json\r\n", page.HTML},
		{"a body that looks like a field", "\r\nAccept: application/json\r\n", page.HTML},
	}
	for _, test := range tests {
		if got := formatOf("GET / HTTP/1.1\r\n" + test.fields + "\r\n"); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got.ContentType(), test.want.ContentType())
		}
	}
}

// TestFieldsAreTakenAsAHeadIs holds the two ways against each other: the fields that the codec has found, and the
// lines of a head.
func TestFieldsAreTakenAsAHeadIs(t *testing.T) {
	for _, fields := range [][]string{
		nil,
		{"*/*"},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
		{"image/png", " application/json ", "text/plain;q=0.1"},
		{"", ",", "text/plain"},
	} {
		head, accept := "GET / HTTP/1.1\r\nHost: x\r\n", page.Accept{}
		for _, value := range fields {
			head += "Accept: " + value + "\r\n"
			accept.Add([]byte(value))
		}
		if got, want := accept.Format(), formatOf(head+"\r\n"); got != want {
			t.Errorf("%q: got %s, want %s", fields, got.ContentType(), want.ContentType())
		}
	}
}

// What is remembered is a copy: the next request is read over the one that it came with.
func TestTheLastAcceptIsRemembered(t *testing.T) {
	var memory page.Memory
	buffer := make([]byte, 0, 1000)
	long := "text/html;x=" + strings.Repeat("y", 300)
	for _, step := range []struct {
		value string
		want  page.Format
	}{
		{"application/json", page.JSON},
		{"application/json", page.JSON},
		{"text/html,*/*;q=0.8", page.HTML},
		{long, page.HTML},
		{"text/plain", page.Text},
		{"", page.Text},
		{"text/plain", page.Text},
		{"application/json", page.JSON},
	} {
		buffer = append(buffer[:0], step.value...)
		var fresh page.Accept
		fresh.Add(buffer)
		if got := memory.Format(buffer); got != step.want || got != fresh.Format() {
			t.Errorf("%q: got %v, want %v; read anew it is %v", step.value, got, step.want, fresh.Format())
		}
	}
	browsers := []byte("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8")
	memory.Format(browsers)
	if allocations := testing.AllocsPerRun(100, func() { memory.Format(browsers) }); allocations != 0 {
		t.Errorf("got %v allocations for a remembered one, want none", allocations)
	}
}

func TestAPageInEachFormat(t *testing.T) {
	for f, want := range map[page.Format]string{
		page.Text: "503 Service Unavailable: no worker runs\n",
		page.JSON: `{"status":503,"error":"Service Unavailable","reason":"no worker runs"}` + "\n",
		page.HTML: "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>503 Service Unavailable: no worker runs</title></head>\n" +
			"<body><h1>503 Service Unavailable</h1><p>no worker runs</p></body>\n</html>\n",
	} {
		if got := string(page.Append(nil, f, 503, "no worker runs")); got != want {
			t.Errorf("%s: got %q, want %q", f.ContentType(), got, want)
		}
	}
}

func TestEachStatusOfOursHasAReasonPhrase(t *testing.T) {
	for _, status := range []int{204, 400, 405, 408, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505} {
		if page.Reason(status) == "" {
			t.Errorf("%d: got no reason phrase", status)
		}
		if body := page.Append(nil, page.JSON, status, "why"); !json.Valid(body) {
			t.Errorf("%d: got %q, want JSON", status, body)
		}
	}
	if got := page.Reason(418); got != "" {
		t.Errorf("a status that is not ours: got %q, want nothing", got)
	}
}

func BenchmarkAccept(b *testing.B) {
	for name, value := range map[string][]byte{
		"browser": []byte("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"), "curl": []byte("*/*"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var accept page.Accept
				accept.Add(value)
				if accept.Format() == page.JSON {
					b.Fatal("got JSON")
				}
			}
		})
	}
}

// Example is the page for a browser that no worker can serve.
func Example() {
	var accept page.Accept
	accept.Add([]byte("text/plain"))
	fmt.Print(string(page.Append(nil, accept.Format(), 503, "no worker runs, and none is about to start")))
	// Output: 503 Service Unavailable: no worker runs, and none is about to start
}
