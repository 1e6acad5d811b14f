package ctl

import (
	"fmt"
	"strings"
)

// supervisorctl's options: by letter and by name; "=" and ":" say that one takes a value (supervisor 4.2.5,
// ClientOptions).
const letters = "h?c:is:u:p:r:"

func longOptions() []string {
	return []string{"help", "configuration=", "interactive", "serverurl=", "username=", "password=", "history_file="}
}

// option is one that was given, as it is spelt in full, with its value if it takes one.
type option struct{ name, value string }

// getopt reads options as Python's getopt does: short ones joined, with their value in the same word or the next,
// long ones by any prefix that no other has, until a word that is none or two dashes. The error is in getopt's
// words.
func getopt(args []string) (list []option, rest []string, err error) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		word := args[0]
		args = args[1:]
		if word == "--" {
			break
		}
		var found []option
		if long, is := strings.CutPrefix(word, "--"); is {
			found, args, err = getLong(long, args)
		} else {
			found, args, err = getShort(word[1:], args)
		}
		if err != nil {
			return nil, nil, err
		}
		list = append(list, found...)
	}
	return list, args, nil
}

func getLong(word string, args []string) (list []option, rest []string, err error) {
	given, value, joined := strings.Cut(word, "=")
	name, takesValue, err := wholeName(given)
	switch {
	case err != nil:
		return nil, nil, err
	case !takesValue && joined:
		return nil, nil, fmt.Errorf("option --%s must not have an argument", name)
	case takesValue && !joined && len(args) == 0:
		return nil, nil, fmt.Errorf("option --%s requires argument", name)
	case takesValue && !joined:
		value, args = args[0], args[1:]
	}
	return []option{{"--" + name, value}}, args, nil
}

// wholeName finds the option that a prefix means.
func wholeName(given string) (name string, takesValue bool, err error) {
	var fits []string
	for _, o := range longOptions() {
		if name, takesValue := strings.CutSuffix(o, "="); name == given {
			return name, takesValue, nil
		}
		if strings.HasPrefix(o, given) {
			fits = append(fits, o)
		}
	}
	switch len(fits) {
	case 0:
		return "", false, fmt.Errorf("option --%s not recognized", given)
	case 1:
		name, takesValue = strings.CutSuffix(fits[0], "=")
		return name, takesValue, nil
	default:
		return "", false, fmt.Errorf("option --%s not a unique prefix", given)
	}
}

func getShort(word string, args []string) (list []option, rest []string, err error) {
	for word != "" {
		letter := word[:1]
		word = word[1:]
		at := strings.Index(letters, letter)
		switch {
		case at < 0 || letter == ":":
			return nil, nil, fmt.Errorf("option -%s not recognized", letter)
		case at+1 == len(letters) || letters[at+1] != ':':
			list = append(list, option{"-" + letter, ""})
			continue
		case word == "" && len(args) == 0:
			return nil, nil, fmt.Errorf("option -%s requires argument", letter)
		case word == "":
			word, args = args[0], args[1:]
		}
		list = append(list, option{"-" + letter, word})
		word = ""
	}
	return list, args, nil
}
