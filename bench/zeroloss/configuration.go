package main

import (
	"strings"

	"percore/e2e/program"
)

// configuration is how one stack is set up, as the page shows it.
type configuration struct{ title, language, text string }

// configurations renders those of four workers, with the places that differ from run to run named.
func (l *lab) configurations() []configuration {
	const dir, port = "/DIR", 8080
	shown := func(text string) string {
		return strings.NewReplacer(l.percore, "percore", l.dir, "/APPS", program.Python, "python3").Replace(text)
	}
	line := func(s stack) string {
		how, _ := s.launch(l, s, dir, port) // neither writes anything
		return shown(strings.Join(append(how.env, how.argv...), " \\\n    "))
	}
	four := supervisordWith(asyncApp, 4)
	return []configuration{
		{"percore with Tornado, whose handlers block", "sh", line(percoreWith(blockApp, 4))},
		{"percore with gunicorn's sync workers", "sh", line(percoreWith(syncApp, 4))},
		{"gunicorn alone", "sh", line(gunicornWith(4))},
		{"supervisord.conf", "ini", shown(renderSupervisord(l, four, dir, port))},
		{"nginx.conf", "nginx", renderNginx(four, dir, port)},
	}
}
