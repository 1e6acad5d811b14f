// Command reverseproxy is what a Go program gets from the standard library: net/http/httputil's ReverseProxy, adding the same
// headers as the other proxies of the comparison. With -tuned its transport keeps enough connections, leaves bodies as they
// are and reuses large buffers, and the collector runs less often; without, everything is the library's default.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "reverseproxy:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("reverseproxy", flag.ContinueOnError)
	listen := flags.String("listen", "", "address to listen on")
	upstream := flags.String("upstream", "", "the worker: host:port, or the path of a unix socket")
	tuned := flags.Bool("tuned", false, "tune transport, buffers and collector")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return http.Serve(l, newHandler(*upstream, *tuned))
}

// mallocsPath answers how many objects the process has allocated so far.
const mallocsPath = "/.mallocs"

func newHandler(upstream string, tuned bool) http.Handler {
	proxy := newProxy(upstream, tuned)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != mallocsPath {
			proxy.ServeHTTP(w, r)
			return
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Fprint(w, m.Mallocs)
	})
}

func newProxy(upstream string, tuned bool) *httputil.ReverseProxy {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	target := &url.URL{Scheme: "http", Host: upstream}
	if upstream[0] == '/' {
		target.Host = "worker"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", upstream)
		}
	}
	p := &httputil.ReverseProxy{Transport: transport, Rewrite: rewrite(target), ErrorLog: log.New(os.Stderr, "", 0)}
	if tuned {
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1024
		transport.DisableCompression = true
		p.BufferPool = newBufferPool(64 << 10)
		debug.SetGCPercent(800)
	}
	return p
}

// rewrite keeps the client's Host and says who the client is, as the other proxies do.
func rewrite(target *url.URL) func(*httputil.ProxyRequest) {
	return func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		host, _, _ := net.SplitHostPort(r.In.RemoteAddr) // always host:port
		r.Out.Header.Set("X-Real-IP", host)
		r.Out.Header.Set("X-Scheme", "http")
		r.SetXForwarded()
	}
}

// bufferPool is httputil.BufferPool over a sync.Pool.
type bufferPool struct{ pool sync.Pool }

func newBufferPool(size int) *bufferPool {
	return &bufferPool{sync.Pool{New: func() any { b := make([]byte, size); return &b }}}
}

func (p *bufferPool) Get() []byte  { return *p.pool.Get().(*[]byte) }
func (p *bufferPool) Put(b []byte) { p.pool.Put(&b) }
