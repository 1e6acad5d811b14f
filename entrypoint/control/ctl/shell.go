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
	options, args, err := getopt(args)
	if err != nil {
		return t.misuse(err)
	}
	interactive, asked, err := t.take(options)
	switch {
	case asked:
		return t.showHelp(nil)
	case err != nil:
		return t.misuse(err)
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

// take does what the options say, up to the first that asks for help or makes no sense. A configuration file, a user
// and a history mean nothing here, nor does the URL of a server that listens on TCP.
func (t *Tool) take(options []option) (interactive, help bool, err error) {
	given := map[byte]bool{}
	for _, o := range options {
		letter := strings.TrimLeft(o.name, "-")[0]
		switch {
		case letter == 'h' && o.name != "--history_file", letter == '?':
			return false, true, nil
		case letter == 'h':
			letter = 'r'
		case letter == 'i':
			interactive = true
		case letter == 's' && !strings.Contains(o.value, "://"):
			return false, false, fmt.Errorf("invalid value for %s '%s': value '%s' is not a URL", o.name, o.value,
				o.value)
		}
		if given[letter] {
			return false, false, fmt.Errorf("conflicting command line option '%s'", o.name)
		}
		given[letter] = true
		if path, isSocket := strings.CutPrefix(o.value, "unix://"); isSocket && letter == 's' {
			t.Place = control.Place(path)
		}
	}
	return interactive, false, nil
}

// misuse says what is wrong with the options, where supervisorctl does.
func (t *Tool) misuse(err error) int {
	to := t.Out
	if t.Err != nil {
		to = t.Err
	}
	fmt.Fprintf(to, "Error: %v\nFor help, use supervisorctl -h\n", err)
	return control.CodeInvalid
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
