package subject

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"percore/e2e/program"
)

// Nginx is nginx with one worker process, as someone who tunes it for a living would set it up for this job.
func Nginx(stock bool) Subject {
	s := peer("nginx", stock, configureNginx)
	s.Holds = !stock
	return s
}

func configureNginx(in Place, s Setup, stock bool) (args []string, err error) {
	// A second nginx, for the memory row, must not share the first one's folder.
	dir, err := program.Folder(in.Dir, "nginx-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(renderNginx(dir, s, stock)), 0o644); err != nil {
		return nil, fmt.Errorf("write nginx configuration: %w", err)
	}
	return []string{"-p", dir, "-c", file, "-e", "stderr"}, nil
}

// renderNginx is the configuration. What is not a default is there to make nginx cheaper: connections to the worker are kept
// and never retired by count, nothing is logged, nothing is buffered on disk, accepting needs no mutex. The head's buffer
// stays at its default, 4 KiB, which holds a 1 KiB answer whole; large bodies get 64 KiB buffers unless stock is set.
func renderNginx(dir string, s Setup, stock bool) string {
	buffers := `
            proxy_buffers 8 64k;
            proxy_busy_buffers_size 128k;`
	if stock {
		buffers = ""
	}
	return fmt.Sprintf(`daemon off;
worker_processes %[5]d;
worker_rlimit_nofile 20000;
pid %[1]s/nginx.pid;
error_log stderr crit;
events {
    use epoll;
    worker_connections 16000;
    accept_mutex off;
    multi_accept on;
}
http {
    access_log off;
    server_tokens off;
    tcp_nodelay on;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
%[7]s    upstream worker {
%[3]s        keepalive 128;
        keepalive_requests 1000000000;
        keepalive_timeout 60s;
    }
    server {
        listen 127.0.0.1:%[2]d backlog=4096%[6]s;
        location / {
            proxy_pass http://worker;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Scheme $scheme;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_pass_header Server;
%[8]s%[4]s
        }
    }
}
`, dir, s.Port, nginxServers(s), buffers, s.Loops, nginxReuse(s.Loops), NginxFolders(dir), nginxHolding(s.Holds))
}

// nginxHolding says what is done with bodies whose other side is slow. Held, they go to files as nginx does by itself, behind
// 16 KiB of a request and proxy_buffers of an answer, and from there by sendfile, as Debian's configuration has it and the
// guide of Tornado; all else is nginx's default.
func nginxHolding(holds bool) string {
	if !holds {
		return "            proxy_max_temp_file_size 0;"
	}
	return fmt.Sprintf(`            sendfile on;
            tcp_nopush on;
            client_max_body_size %d;`, bodyMax)
}

// NginxFolders are the lines of a configuration that keep all that nginx writes in a folder of its own.
func NginxFolders(dir string) string {
	return fmt.Sprintf(`    client_body_temp_path %[1]s/body;
    proxy_temp_path %[1]s/proxy;
    fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi;
    scgi_temp_path %[1]s/scgi;
`, dir)
}

// nginxServers lists the workers. With the least_conn method the counts are shared by a zone, as they would be with several processes.
func nginxServers(s Setup) string {
	var b strings.Builder
	if s.Discipline == LeastConn {
		b.WriteString("        zone worker 256k;\n        least_conn;\n")
	}
	for _, upstream := range s.Upstreams {
		if isPath(upstream) {
			upstream = "unix:" + upstream
		}
		fmt.Fprintf(&b, "        server %s max_fails=0;\n", upstream)
	}
	return b.String()
}

// nginxReuse gives each of several processes a listening socket of its own, as percore's loops have.
func nginxReuse(loops int) string {
	if loops == 1 {
		return ""
	}
	return " reuseport"
}
