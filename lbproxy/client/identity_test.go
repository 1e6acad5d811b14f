package client_test

import (
	"testing"

	"percore/lbproxy/client"
	"percore/lbproxy/http1"
)

// said is a field of a trusted proxy's.
func said(id http1.FieldID, value string) http1.Field {
	return http1.Field{ID: id, Value: []byte(value)}
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
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			id := client.Identity{Scheme: client.SchemeHTTP, Host: []byte(test.host)}
			id.Believe(test.fields)
			if got := [3]string{id.Scheme, string(id.Host), string(id.PublicPort())}; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
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
