package commandline_test

import (
	"testing"

	"percore/entrypoint/config/commandline"
)

func TestTheProgramIsWhatAPersonWouldCallIt(t *testing.T) {
	tests := []struct {
		command []string
		want    string
	}{
		{[]string{"./server"}, "./server"},
		{[]string{"/usr/bin/gunicorn", "app:app"}, "/usr/bin/gunicorn"},
		{[]string{"python3", "main.py", "--port=1"}, "main.py"},
		{[]string{"/usr/bin/python3.11", "-B", "-u", "/srv/app.py"}, "/srv/app.py"},
		{[]string{"python3", "-X", "dev", "-W", "error", "app.py"}, "app.py"},
		{[]string{"python3", "-m", "uvicorn", "app:app"}, "uvicorn"},
		{[]string{"python3", "-Bm", "http.server"}, "http.server"},
		{[]string{"python3", "-c", "print(1)"}, "python3"},
		{[]string{"python3"}, "python3"},
		{[]string{"node", "--max-old-space-size=200", "-r", "./tracing.js", "server.mjs"}, "server.mjs"},
		{[]string{"ruby", "-I", "lib", "web.rb"}, "web.rb"},
		{[]string{"php", "-S", "127.0.0.1:8000", "router.php"}, "router.php"},
		{[]string{"php", "-S", "127.0.0.1:8000"}, "php"},
		{[]string{"java", "-Xmx200m", "-jar", "/srv/shop.jar"}, "/srv/shop.jar"},
		{[]string{"env", "A=1", "python3", "main.py"}, "main.py"},
		{[]string{"bundle", "exec", "puma", "-p", "8000"}, "puma"},
		{[]string{"uv", "run", "app.py"}, "app.py"},
		{[]string{"bash", "start.sh"}, "start.sh"},
		{[]string{"sh", "-c", "exec python3 main.py"}, "main.py"},
		{[]string{"sh", "-ec", "cd /srv && A=1 exec node server.js"}, "server.js"},
		{[]string{"sh", "-c", "migrate; ./web --port=$PORT"}, "./web"},
		{[]string{"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"}, "sh"},
		{[]string{"sh", "-c", "$APP --port=1"}, "sh"},
		{[]string{"sh", "-c", "exit 3"}, "sh"},
		{[]string{"sh", "-c"}, "sh"},
		{[]string{"sh", "-c", "it's broken"}, "sh"},
		{[]string{"bash"}, "bash"},
		{[]string{"env"}, "env"},
	}
	for _, test := range tests {
		if got := commandline.Program(test.command); got != test.want {
			t.Errorf("%q: got %s, want %s", test.command, got, test.want)
		}
	}
}

// What cannot be understood is called by its first word, and nothing is ever made up.
func TestTheProgramBehindLaunchers(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"nohup ./server", "./server"},
		{"exec ./server", "./server"},
		{"env -i PATH=/bin ./server", "./server"},
		{"env -- ./server", "./server"},
		{"env A=1 B=2", "env"},
		{"env nohup sh -c 'exec python3 -u main.py'", "main.py"},
		{"busybox sh start.sh", "start.sh"},
		{"dash -e start.sh --now", "start.sh"},
		{"bash -lc 'source venv/bin/activate && python3 main.py'", "main.py"},
		{"sh -c './a && ./b || ./c'", "./c"},
		{"sh -c 'A=1 B=2 ./server'", "./server"},
		{"sh -c 'exec \"$@\"' -- app", "sh"},
		{"sh -c 'if true; then ./a; fi'", "sh"},
		{"sh -c './a | ./b'", "./a"},
		{"sh -c '(./a)'", "sh"},
		{"sh -c ''", "sh"},
		{"sh -c './server;'", "./server"},
		{"python3 -u -m gunicorn app:app", "gunicorn"},
		{"python3.13 -X importtime -- main.py", "main.py"},
		{"pypy3 main.py", "main.py"},
		{"python3 -", "-"},
		{"node -e 'console.log(1)'", "node"},
		{"node --import ./otel.mjs server.mjs", "./otel.mjs"},
		{"ruby -rbundler/setup web.rb", "web.rb"},
		{"perl -Ilib -MFoo app.pl", "app.pl"},
		{"php -d memory_limit=1G -f index.php", "index.php"},
		{"lua5.4 app.lua", "app.lua"},
		{"java -cp app.jar Main", "app.jar"},
		{"java -jar", "java"},
		{"bundle exec rails server", "rails"},
		{"bundle install", "bundle"},
		{"uv run --no-sync app.py", "app.py"},
		{"poetry run python3 -m app", "app"},
		{"deno run -A main.ts", "main.ts"},
		{"bun run start", "start"},
		{"/usr/bin/env python3 /srv/main.py", "/srv/main.py"},
		{"/opt/app/bin/server --config x", "/opt/app/bin/server"},
		{"env env env env env env env env env x", "env"},
	} {
		t.Run(c.line, func(t *testing.T) {
			words, err := commandline.Split(c.line)
			if err != nil {
				t.Fatal(err)
			}
			if got := commandline.Program(words); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzProgram(f *testing.F) {
	for _, line := range []string{"sh -c 'exec python3 main.py'", "env A=1 x", "python3 -", "java -jar", "node -r", "env", "bundle exec"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := commandline.Split(line)
		if err != nil || len(words) == 0 {
			return
		}
		if program := commandline.Program(words); program == "" && words[0] != "" {
			t.Errorf("%q: got no program, want at least the first word", words)
		}
	})
}
