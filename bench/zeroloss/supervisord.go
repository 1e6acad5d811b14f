package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"percore/bench/subject"
)

// launchSupervisord is the classical pair: supervisord as PID 1 runs nginx and the workers, nginx spreads the requests.
func launchSupervisord(l *lab, s stack, dir string, port int) (launch, error) {
	conf := filepath.Join(dir, "supervisord.conf")
	for path, text := range map[string]string{
		conf: renderSupervisord(l, s, dir, port), filepath.Join(dir, "nginx.conf"): renderNginx(s, dir, port),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return launch{}, fmt.Errorf("write configuration: %w", err)
		}
	}
	_, marker := s.command(l, "")
	ctl := []string{"supervisorctl", "-c", conf}
	return launch{
		argv: []string{"supervisord", "--nodaemon", "-c", conf}, ports: append(s.workerPorts(port), port), marker: marker,
		status: append(ctl, "status"),
		restart: func(ctx context.Context, service *service) error {
			return service.control(ctx, append(ctl, "restart", "tornadoes:*")...)
		},
	}, nil
}

// launchOneByOne differs in the restart: one command for each worker, the next when supervisord says that the last one runs.
func launchOneByOne(l *lab, s stack, dir string, port int) (launch, error) {
	how, err := launchSupervisord(l, s, dir, port)
	ctl := how.status[:len(how.status)-1]
	how.restart = func(ctx context.Context, service *service) error {
		for _, worker := range s.workerPorts(port) {
			argv := append(append([]string{}, ctl...), "restart", fmt.Sprintf("tornadoes:tornado-%d", worker))
			if err := service.control(ctx, argv...); err != nil {
				return err
			}
		}
		return nil
	}
	return how, err
}

// renderSupervisord follows Tornado's deployment guide. nginx is stopped by its graceful signal, which Debian's own unit
// does as well and many a container forgets.
func renderSupervisord(l *lab, s stack, dir string, port int) string {
	command, _ := s.command(l, "%(process_num)d")
	return fmt.Sprintf(`[unix_http_server]
file=%[1]s/supervisor.sock
[supervisord]
user=root
logfile=%[1]s/supervisord.log
pidfile=%[1]s/supervisord.pid
childlogdir=%[1]s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%[1]s/supervisor.sock
[program:nginx]
command=nginx -p %[1]s -c %[1]s/nginx.conf -e stderr -g "daemon off;"
stopsignal=QUIT
[program:tornado]
command=%[2]s
process_name=tornado-%%(process_num)d
numprocs=%[3]d
numprocs_start=%[4]d
autorestart=true
[group:tornadoes]
programs=tornado
`, dir, strings.Join(command, " "), s.workers, port+1)
}

// renderNginx follows Tornado's deployment guide, "Running behind a load balancer".
func renderNginx(s stack, dir string, port int) string {
	var servers strings.Builder
	parameters := ""
	if s.careful {
		parameters = " max_fails=0"
	}
	for _, worker := range s.workerPorts(port) {
		fmt.Fprintf(&servers, "        server 127.0.0.1:%d%s;\n", worker, parameters)
	}
	return fmt.Sprintf(`worker_processes 1;
pid %[1]s/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
    access_log off;
%[4]s    keepalive_timeout 65;
    proxy_read_timeout 200;
    proxy_next_upstream error;
    upstream frontends {
%[3]s    }
    server {
        listen 127.0.0.1:%[2]d;
        client_max_body_size 50M;
        location / {
            proxy_pass_header Server;
            proxy_set_header Host $http_host;
            proxy_redirect off;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Scheme $scheme;
            proxy_pass http://frontends;
        }
    }
}
`, dir, port, servers.String(), subject.NginxFolders(dir))
}
