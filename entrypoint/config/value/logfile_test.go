package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestLogFile(t *testing.T) {
	readAll[value.LogFile](t, []reading{
		{name: "a path", text: "/var/log/app.log", want: "/var/log/app.log"},
		{name: "a path for each worker", text: "/var/log/{name}.log", want: "/var/log/{name}.log"},
		{name: "a relative path", text: "app.log", want: "app.log"},
		{name: "percore's own stdout", text: "/dev/stdout", want: "/dev/stdout"},
		{name: "nowhere, in any case", text: "none", want: "NONE"},
		{name: "a file that is called so", text: "./none", want: "./none"},
		{name: "a percent sign of its own", text: "/var/log/100%.log", want: "/var/log/100%.log"},
		{name: "syslog in any case", text: "SysLog", err: "syslog"},
		{name: "a file that is called so, too", text: "/var/log/syslog", want: "/var/log/syslog"},
		{name: "an expansion of supervisord", text: "%(program_name)s.log", err: "{name}"},
		{name: "a folder", text: "logs/", err: "folder"},
	})
	file := value.LogFile("/x")
	if err := file.UnmarshalText([]byte("Auto")); err != nil || file != "" {
		t.Errorf("Auto: got %q and error %v, want the empty place, which is percore's own stream", file, err)
	}
}

func TestLogPrefix(t *testing.T) {
	readAll[value.LogPrefix](t, []reading{
		{name: "a boolean", text: "true", want: "true"},
		{name: "another spelling of it", text: "ON", want: "true"},
		{name: "none", text: "no", want: "false"},
		{name: "zero", text: "0", want: "false"},
		{name: "JSON", text: "JSON", want: "json"},
		{name: "another format", text: "logfmt", err: "neither a boolean nor json"},
		{name: "nothing", text: "", err: "neither a boolean nor json"},
	})
}
