package ctl

import (
	"bufio"
	"fmt"
	"strings"

	"percore/entrypoint/control"
)

// Supervisorctl is the command line of a link with that name: its options, then a command, or a prompt without one.
func (t *Tool) Supervisorctl(args []string) int {
	t.Strict = true
	interactive := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		option := args[0]
		args = args[1:]
		switch option {
		case "-i", "--interactive":
			interactive = true
			continue
		case "-h", "--help":
			return t.showHelp(nil)
		case "-r", "--history-file":
			continue
		case "-c", "--configuration", "-s", "--serverurl", "-u", "--username", "-p", "--password":
		default:
			t.say("Error: option %s not recognized\nFor help, use supervisorctl -h", option)
			return control.CodeInvalid
		}
		if len(args) == 0 {
			t.say("Error: option %s requires argument\nFor help, use supervisorctl -h", option)
			return control.CodeInvalid
		}
		if path, isSocket := strings.CutPrefix(args[0], "unix://"); isSocket && (option == "-s" || option == "--serverurl") {
			t.Place = control.Place(path)
		}
		args = args[1:]
	}
	code := control.CodeOK
	if len(args) > 0 {
		code = t.Run(args)
	}
	if len(args) == 0 || interactive {
		return t.prompt()
	}
	return code
}

// prompt takes commands until the end of input; its exit code is always 0.
func (t *Tool) prompt() int {
	t.Run([]string{"status"})
	for in := bufio.NewScanner(t.In); ; {
		fmt.Fprint(t.Out, "supervisor> ")
		if !in.Scan() {
			t.say("")
			return control.CodeOK
		}
		words := strings.Fields(in.Text())
		if len(words) == 0 {
			continue
		}
		t.Run(words)
		if words[0] == "quit" || words[0] == "exit" {
			return control.CodeOK
		}
	}
}
