package client_test

import (
	"strings"
	"testing"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// said is a field of a trusted proxy's.
func said(id http1.FieldID, value string) http1.Field {
	return http1.Field{ID: id, Value: []byte(value)}
}

// told are the fields that a worker gets, by their names.
func told(t *testing.T, id *client.Identity, fields []http1.Field) map[string]string {
	t.Helper()
	text := string(id.AppendTo(nil, fields))
	list, found := map[string]string{}, strings.HasSuffix(text, "\r\n")
	for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		name, value, ok := strings.Cut(line, ": ")
		found = found && ok && list[name] == ""
		list[name] = value
	}
	if !found || len(list) != 6 {
		t.Errorf("got %q, want six lines with a name and a value each", text)
	}
	return list
}

func TestWhatATrustedProxySaysAboutSchemeHostAndPort(t *testing.T) {
	const proto, scheme = http1.FieldXForwardedProto, http1.FieldXScheme
	const host, port = http1.FieldXForwardedHost, http1.FieldXForwardedPort
	type fields []http1.Field
	tests := []struct {
		name, host string
		fields     fields
		want       [3]string // scheme, host and the port that the client used
	}{
		{"nothing", "app.example", nil, [3]string{"http", "app.example", "80"}},
		{"nothing, but the host has a port", "app.example:8080", nil, [3]string{"http", "app.example:8080", "8080"}},
		{"nothing, and the host is an IPv6 address", "[::1]", nil, [3]string{"http", "[::1]", "80"}},
		{"https", "a", fields{said(proto, "https")}, [3]string{"https", "a", "443"}},
		{"https in capitals", "a", fields{said(proto, "HTTPS")}, [3]string{"https", "a", "443"}},
		{"X-Scheme alone", "a", fields{said(scheme, "https")}, [3]string{"https", "a", "443"}},
		{"X-Forwarded-Proto before X-Scheme", "a", fields{said(scheme, "http"), said(proto, "https")}, [3]string{"https", "a", "443"}},
		{"of a list the last", "a", fields{said(proto, "https, http")}, [3]string{"http", "a", "80"}},
		{"of several fields the last", "a", fields{said(proto, "http"), said(proto, "https")}, [3]string{"https", "a", "443"}},
		{"a scheme that is none", "a", fields{said(proto, "gopher")}, [3]string{"http", "a", "80"}},
		{"a host", "inner", fields{said(host, "www.example:8443")}, [3]string{"http", "www.example:8443", "8443"}},
		{"of hosts the last", "inner", fields{said(host, "evil, www.example")}, [3]string{"http", "www.example", "80"}},
		{"a host that is none", "inner", fields{said(host, "a b")}, [3]string{"http", "inner", "80"}},
		{"a port", "a", fields{said(port, "8443")}, [3]string{"http", "a", "8443"}},
		{"a port goes before that of the host", "a:1", fields{said(port, "8443")}, [3]string{"http", "a:1", "8443"}},
		{"a port beyond all", "a", fields{said(port, "99999")}, [3]string{"http", "a", "80"}},
		{"port 0", "a", fields{said(port, "0")}, [3]string{"http", "a", "80"}},
		{"a port with a sign", "a", fields{said(port, "+80")}, [3]string{"http", "a", "80"}},
	}
	var trust client.Trust
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			peer := parsed(t, "127.0.0.1:4711")
			id := client.Identify(peer, true, &trust, []byte(test.host), test.fields)
			got := told(t, &id, test.fields)
			for i, name := range []string{"X-Scheme", "X-Forwarded-Host", "X-Forwarded-Port"} {
				if got[name] != test.want[i] {
					t.Errorf("%s: got %q, want %q", name, got[name], test.want[i])
				}
			}
			if got["X-Forwarded-Proto"] != id.Scheme || got["X-Scheme"] != id.Scheme {
				t.Errorf("schemes: got %v, want %q for both", got, id.Scheme)
			}
			id = client.Identify(peer, false, &trust, []byte(test.host), test.fields)
			if got := told(t, &id, test.fields); got["X-Scheme"] != "http" || got["X-Forwarded-Host"] != test.host {
				t.Errorf("from a peer that is not trusted: got %v, want nothing of it believed", got)
			}
		})
	}
}

func TestTheChainThatAWorkerIsTold(t *testing.T) {
	trust := believing("127.0.0.1/32", "10.0.0.0/8")
	tests := []struct {
		name        string
		peer        client.Peer
		trusted     bool
		fields      []http1.Field
		client, all string
	}{
		{"a client of its own", parsed(t, "192.0.2.7"), false, nil, "192.0.2.7", "192.0.2.7"},
		{"a client that claims to be another", parsed(t, "192.0.2.7"), false, forwarded("6.6.6.6"), "192.0.2.7", "192.0.2.7"},
		{"a proxy for no other", parsed(t, "127.0.0.1"), true, nil, "127.0.0.1", "127.0.0.1"},
		{"a proxy", parsed(t, "127.0.0.1"), true, forwarded("192.0.2.7"), "192.0.2.7", "192.0.2.7, 127.0.0.1"},
		{
			"a chain in several fields", parsed(t, "127.0.0.1"), true, forwarded("6.6.6.6, 192.0.2.7", "", "10.1.1.1"),
			"192.0.2.7", "6.6.6.6, 192.0.2.7, 10.1.1.1, 127.0.0.1",
		},
		{"a proxy on a unix socket, which has no address", aUnixPeer(), true, forwarded("192.0.2.7"), "192.0.2.7", "192.0.2.7"},
		{"one for no other", aUnixPeer(), true, nil, "unix:", "unix:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			id := client.Identify(test.peer, test.trusted, &trust, []byte("a"), test.fields)
			got := told(t, &id, test.fields)
			if got["X-Real-IP"] != test.client || got["X-Forwarded-For"] != test.all {
				t.Errorf("got %q and %q, want %q and %q", got["X-Real-IP"], got["X-Forwarded-For"], test.client, test.all)
			}
			if address := string(id.Client.AppendAddress(nil)); address != test.client {
				t.Errorf("the client: got %q, want %q", address, test.client)
			}
		})
	}
}

func TestTheLastElementOfAllFieldsWithOneName(t *testing.T) {
	fields := []http1.Field{
		said(http1.FieldXForwardedHost, "a, b"), said(http1.FieldHost, "c"), said(http1.FieldXForwardedHost, "d,e"), said(http1.FieldXForwardedPort, ""),
	}
	for id, want := range map[http1.FieldID]string{
		http1.FieldXForwardedHost: "e", http1.FieldHost: "c", http1.FieldXForwardedPort: "", http1.FieldXForwardedProto: "",
	} {
		if got := client.LastOf(fields, id); string(got) != want {
			t.Errorf("field %d: got %q, want %q", id, got, want)
		}
	}
}

// TestFieldsThatOnlyATrustedPeerMaySend are what applications take for the word of a proxy in front of them.
func TestFieldsThatOnlyATrustedPeerMaySend(t *testing.T) {
	for name, want := range map[string]struct{ trusted, other bool }{
		"Accept":             {true, true},
		"X-Forward":          {true, true},
		"X-Forwarded-":       {true, true}, // nothing behind it
		"X-Forwarded-Prefix": {true, false},
		"x-forwarded-user":   {true, false},
		"Remote-User":        {true, false},
		"Remote-Addr":        {true, false},
		"Script-Name":        {true, false},
		"Path-Info":          {true, false},
		"X-Request-Start":    {true, false},
		"X-Forwarded-Proto":  {false, false},
		"X-Forwarded-Ssl":    {false, false},
		"X-Url-Scheme":       {false, false},
		"Front-End-Https":    {false, false},
		"X-Real-IP":          {false, false},
		"Proxy":              {false, false},
		"Forwarded":          {false, false},
		"Expect":             {false, false},
		"Content-Length":     {false, false},
	} {
		f := http1.Field{Name: []byte(name), ID: http1.LookupField([]byte(name))}
		if got := client.Passes(&f, true); got != want.trusted {
			t.Errorf("%s from a trusted peer: got %t, want %t", name, got, want.trusted)
		}
		if got := client.Passes(&f, false); got != want.other {
			t.Errorf("%s from another: got %t, want %t", name, got, want.other)
		}
	}
	for _, f := range []http1.Field{{Name: []byte("X_Forwarded_For"), Underscore: true}, {Name: []byte("Keep-Alive"), Hop: true}} {
		if client.Passes(&f, true) {
			t.Errorf("%s: passes, want it kept from the worker", f.Name)
		}
	}
}
