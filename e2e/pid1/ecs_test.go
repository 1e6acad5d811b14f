package pid1

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"percore/e2e/rig"
)

func TestTheLimitOfAnECSTaskCountsForWORKERS(t *testing.T) {
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v4/abc/task" {
			fmt.Fprint(w, `{"Family":"web","Limits":{"CPU":0.5,"Memory":512}}`)
		}
	}))
	defer agent.Close()
	s := start(t, env{"ECS_CONTAINER_METADATA_URI_V4": agent.URL + "/v4/abc"}, serveCommand()...)
	s.AwaitReady(1)
	if !s.Said("percore starts", `"workers":1`, "ECS task limit 0.5 rounded up") {
		t.Error("got no boot line with one worker and the reason")
	}
}

func TestAnECSAgentThatDoesNotAnswerHardlyDelaysTheStart(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	begun := time.Now()
	s := start(t, env{"ECS_CONTAINER_METADATA_URI_V4": "http://" + silent.Addr().String() + "/v4/abc", "PERCORE_LOOPS": "1"}, serveCommand()...)
	s.AwaitReady(1)
	if !s.Said("degraded", "the limit of the ECS task is not known") {
		t.Error("got no line that says so")
	}
	if starts := s.WorkerLines("percore starts"); starts[0].Time.Sub(begun) > rig.Patience/2 {
		t.Errorf("boot line: got it after %v, want it at most a tenth of a second late", starts[0].Time.Sub(begun))
	}
}
