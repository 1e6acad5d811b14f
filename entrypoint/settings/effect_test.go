package settings

import (
	"os"
	"reflect"
	"testing"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/plan"
	"percore/lbproxy"
	"percore/reaper/fleet"
)

// otherValue is a value that differs from the default, for the variables whose example in the reference does not.
var otherValue = map[string]string{
	"PERCORE_CLIENT_HEADER_TIMEOUT": "11", "PERCORE_CLIENT_BODY_TIMEOUT": "31", "PERCORE_SEND_TIMEOUT": "61",
	"PERCORE_PROXY_CONNECT_TIMEOUT": "2",
	"PERCORE_USER":                  "1", "PERCORE_WORKERS": "77", "WEB_CONCURRENCY": "77",
}

// What a tag of package config says of a change, the fleet and the front door do.
func TestAChangeDoesWhatItsVariableSays(t *testing.T) {
	before := planned(t)
	for _, v := range config.Reference() {
		value := v.Example
		if other, is := otherValue[v.Name]; is {
			value = other
		}
		if v.Effect == config.Container || v.Name == "PERCORE_USER" && os.Getuid() != 0 {
			continue
		}
		after := planned(t, v.Name+"="+value)
		change := before.program.Changed(after.program)
		if want := map[config.Effect]fleet.Change{config.Judged: fleet.ChangeJudged, config.Roll: fleet.ChangeProcess}[v.Effect]; change != want {
			t.Errorf("%s=%s is %s, and changes the workers' program by %d, want %d", v.Name, value, v.Effect, change, want)
		}
		if moreWorkers := before.program.Workers != after.program.Workers; moreWorkers != (v.Effect == config.Scale) {
			t.Errorf("%s=%s is %s, and there are %d workers where there were %d", v.Name, value, v.Effect, after.program.Workers, before.program.Workers)
		}
		sameDoor := reflect.DeepEqual(before.door, after.door)
		if isOfDoor := v.Effect == config.Live && v.Name != "PERCORE_STRICT"; isOfDoor && sameDoor {
			t.Errorf("%s=%s is %s, and the front door does not hear of it", v.Name, value, v.Effect)
		}
	}
}

// result is what a configuration comes to.
type result struct {
	program fleet.Program
	door    lbproxy.Options
}

func planned(t *testing.T, set ...string) result {
	t.Helper()
	environ := environment.Overlay([]string{"PERCORE_COMMAND=true", "PERCORE_NAME=a", "PERCORE_GROUP=b"}, set)
	cfg, _, err := config.Load(environ, os.Getuid())
	if err != nil {
		t.Fatalf("%q: %v", set, err)
	}
	p, err := plan.Make(cfg)
	if err != nil {
		t.Fatalf("%q: %v", set, err)
	}
	return result{p.Programs(cfg, nil, noFiles)[0], p.FrontOptions(cfg)}
}
