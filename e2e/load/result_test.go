package load_test

import (
	"net/http"
	"strings"
	"testing"

	"percore/e2e/load"
)

func TestAResultTellsWhatATestThatFailsHasToKnow(t *testing.T) {
	run := load.Start(load.Options{Address: serve(t, always("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops")), Clients: 2, KeepAlive: true})
	await(t, "20 answers, on both connections", func() bool {
		sofar := run.Result()
		return sofar.Count(load.WrongStatus) >= 20 && strings.Contains(sofar.String(), "on 2 connections")
	})
	got := run.Stop()
	text := got.String()
	for _, want := range []string{"0 right answers on 2 connections", "wrong status", "status 502: ", "on a kept connection", `status 502 Bad Gateway: "oops"`, " more"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	}
	if got.Statuses[http.StatusBadGateway] != got.Failed() {
		t.Errorf("got %d answers of status 502, want %d", got.Statuses[http.StatusBadGateway], got.Failed())
	}
	if len(got.Failures) >= got.Failed() {
		t.Errorf("got %d failures kept of %d, want the first few", len(got.Failures), got.Failed())
	}
}

func TestAResultIsACopy(t *testing.T) {
	run := load.Start(load.Options{Address: serve(t, always(rightAnswer)), KeepAlive: true})
	await(t, "an answer", func() bool { return run.Result().OK() > 0 })
	before := run.Result()
	count := before.Statuses[http.StatusOK]
	await(t, "more answers", func() bool { return run.Result().OK() > count })
	run.Stop()
	if got := before.Statuses[http.StatusOK]; got != count {
		t.Errorf("got %d in the old result, want %d as before", got, count)
	}
}
