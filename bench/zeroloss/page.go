package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// page is docs/zero-loss.md, whole.
func (r results) page() string {
	var b strings.Builder
	b.WriteString("# No request lost, measured\n\nThis page is written by\n\n    " + r.facts.command + "\n\n")
	b.WriteString("What clients lose while workers are restarted, killed and stopped under load: behind percore, behind supervisord and nginx as\n" +
		"Tornado's deployment guide has them, and in gunicorn, which restarts its own workers. All figures are from one run.\n\n")
	b.WriteString("## What the figures say\n\n" + bullets(r.findings()))
	b.WriteString("\n## Where percore is not the best\n\n" + bullets(r.shortfalls()))
	b.WriteString("\n## Rolling restart under load\n\n" + restartTable(r.restarts).markdown())
	b.WriteString("\nThe restart is `percore restart tornadoes:*`, `supervisorctl restart tornadoes:*` (*one by one*: the command for each worker in turn, and\n" +
		"max_fails=0 in nginx.conf) and SIGHUP for gunicorn. *Slowest* is the longest wait of a request that takes no time by itself.\n")
	b.WriteString("\n## Workers killed under load\n\n" + killTable(r.kills).markdown())
	fmt.Fprintf(&b, "\nEach trial kills %d workers with SIGKILL, %v apart. What a dead worker had begun to do for a POST must not be\n"+
		"done twice, so it is not repeated.\n", kills, killWait)
	b.WriteString("\n## SIGTERM with requests in flight\n\n" + stopTable(r.stops).markdown())
	fmt.Fprintf(&b, "\nSIGTERM to PID 1 while clients wait for answers that take 3 s, and %d others hold idle connections; SIGKILL after %v, as `docker stop` does.\n", idleClients, stopGrace)
	b.WriteString("\n## Time, memory and wake-ups\n\n" + footprintTable(r.footprints).markdown())
	b.WriteString("\nTwo Tornado workers each, nothing asked. Three figures are the least, the median and the most. No request is sent before\n" +
		"all workers accept: nginx, asked before, would leave them out for 10 s.\n")
	b.WriteString(method + r.circumstances())
	return b.String()
}

const method = `
## Method and limits

- Each stack is PID 1 of a pid namespace (` + "`unshare --pid --fork --mount-proc`" + `) with everything it runs, on 127.0.0.1. No container, no disk.
- The client (` + "`e2e/load`" + `) stands on bare connections and sends nothing twice: libraries that repeat requests by themselves hide losses. It
  looks at a kept connection before it uses it, checks status and body of each answer (which names the request and the checksum of its body) and
  counts refused, reset, closed early, timed out (after 30 s) and wrong answers apart. *Lost* is every request without its right answer.
- The load asks in many ways at once: GET and POST (8 and 100 KB), on kept connections and new ones, answered at once and
  after 0.3, 1 and 3 s. It starts 1.2 s before anything happens and ends 2 s after; requests in flight are waited for. It is some hundred requests per
  second for workers that do not block, less for those that do, so that no queue overflows by itself.
- A client pauses after each request, answered or lost: 25 ms (50 ms where workers block) after those that take no time, and after the others at least as long as the answer
  takes. A service that turns requests away at once is so asked at most twice as often as one that answers. Real clients may back off for longer, and there may be more of them.
- The applications (` + "`bench/zeroloss/apps`" + `) know no signal, except gunicorn, which has its own.
- How many requests are lost depends on how long workers are away and on how often clients ask: with ten times the load they would be about ten times as
  many. What counts is whether there are any. nginx repeats a GET on another worker, as long as there is one. By its defaults
  (max_fails=1, fail_timeout=10s) it leaves a worker that has refused a connection out for 10 s, so that 502s go on when all workers are back.
- Several trials run at a time, on a machine that others may use as well; those of the last table run alone. Times are for orientation.
- A respawn is timed until another process exists, not until it answers: how long a worker takes to start is the application's affair.
  PSS counts shared pages once. Wake-ups are context switches of all threads of what is no worker.
- gunicorn has no proxy in front and closes each connection after the answer, so it has no idle connections that could be reset.
`

// circumstances are the facts of the run.
func (r results) circumstances() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Versions and configurations\n\n%s, load %s at the start; %s; the run took %s.\n\n", r.facts.date, r.facts.load, r.facts.system, r.facts.took.Round(time.Second))
	b.WriteString(bullets(r.facts.versions))
	for _, c := range r.configurations {
		fmt.Fprintf(&b, "\n%s:\n\n```%s\n%s\n```\n", c.title, c.language, strings.TrimSpace(c.text))
	}
	return b.String()
}

func bullets(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("- " + line + "\n")
	}
	return b.String()
}

func restartTable(trials []trial) table {
	t := table{header: []string{"stack", "application", "workers", "answered", "lost", "how", "slowest", "restart took"}}
	for _, one := range trials {
		all := one.all()
		t.add(one.err, one.stack, strconv.Itoa(all.answered), bold(all.lost()), all.words(), ms(one.short), seconds(one.took))
	}
	return t
}

func killTable(trials []trial) table {
	t := table{header: []string{"stack", "application", "workers", "GET answered", "lost", "how", "POST answered", "lost", "how", "slowest"}}
	for _, one := range trials {
		t.add(one.err, one.stack, strconv.Itoa(one.get.answered), bold(one.get.lost()), one.get.words(),
			strconv.Itoa(one.post.answered), bold(one.post.lost()), one.post.words(), ms(one.short))
	}
	return t
}

func stopTable(stops []stopping) table {
	t := table{header: []string{"stack", "application", "workers", "3 s requests answered", "lost", "how", "idle connections closed", "reset", "end after", "exit code"}}
	for _, one := range stops {
		code := strconv.Itoa(one.code)
		if one.killed {
			code = "killed"
		}
		t.add(one.err, one.stack, strconv.Itoa(one.long.answered), bold(one.long.lost()), one.long.words(),
			strconv.Itoa(one.idle.closed), bold(one.idle.reset+one.idle.open), seconds(one.took), code)
	}
	return t
}

// footprintTable has a column for each stack.
func footprintTable(all []footprint) table {
	t := table{header: []string{""}}
	for _, f := range all {
		t.header = append(t.header, f.name)
	}
	row := func(name string, of func(footprint) string) {
		cells := []string{name}
		for _, f := range all {
			if f.err != nil {
				cells = append(cells, inCell(f.err))
			} else {
				cells = append(cells, of(f))
			}
		}
		t.rows = append(t.rows, cells)
	}
	row(fmt.Sprintf("kill -9 of a worker → next one (%d)", respawns), func(f footprint) string { return three(f.respawn) })
	row(fmt.Sprintf("start → all workers accept, first 200 (%d)", starts), func(f footprint) string { return three(f.start) })
	row(fmt.Sprintf("SIGTERM → end, idle (%d)", starts), func(f footprint) string { return three(f.stop) })
	row("processes that are no workers", func(f footprint) string { return strconv.Itoa(f.processes) })
	row("their RSS", func(f footprint) string { return mb(f.rss) })
	row("their PSS", func(f footprint) string { return mb(f.pss) })
	row(fmt.Sprintf("their wake-ups in %v, idle", idleFor), func(f footprint) string { return strconv.Itoa(f.wakeUps) })
	row(fmt.Sprintf("CPU of one status command (%d)", statusCalls), func(f footprint) string { return three(f.status) })
	row("and its duration", func(f footprint) string { return three(f.wall) })
	return t
}
