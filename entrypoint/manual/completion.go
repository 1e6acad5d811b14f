package manual

import (
	"fmt"
	"slices"
	"strings"
)

// Completion is the script of a shell; false for one that there is none for.
func Completion(shell string) (script string, known bool) {
	switch shell {
	case "bash":
		return bashCompletion(), true
	case "zsh":
		return zshCompletion(), true
	case "fish":
		return fishCompletion(), true
	default:
		return "", false
	}
}

// named are the words that take names of processes.
func named() []string {
	var list []string
	for word, p := range pages {
		if strings.Contains(p.Synopsis, "NAME...") || strings.Contains(p.Synopsis, " NAME ") {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return list
}

// optionsOf are a word's options as a person types them.
func optionsOf(word string) string {
	options := []string{"--help"}
	for _, option := range pages[word].options {
		options = append(options, strings.TrimSuffix(option, "="))
	}
	slices.Sort(options)
	return strings.Join(options, " ")
}

// others are what else may follow a word.
func others(word string) string {
	switch word {
	case "completion":
		return " bash fish zsh"
	case "help":
		return " " + strings.Join(Words(), " ")
	case "signal":
		return " HUP INT QUIT TERM USR1 USR2"
	default:
		return ""
	}
}

// cases has a line for each word, in the syntax that bash and zsh share.
func cases() string {
	var text strings.Builder
	for _, word := range Words() {
		names := ""
		if slices.Contains(named(), word) {
			names = " $(_percore_names)"
		}
		fmt.Fprintf(&text, "\t%s) echo %s%s%s ;;\n", word, optionsOf(word), others(word), names)
	}
	return text.String()
}

// shared is what bash and zsh have in common: what may follow a word, and the names of the processes that run, with
// no name taken for a pattern of files.
func shared() string {
	return `_percore_names() {
	percore status 2>/dev/null | while read -r name rest; do
		echo "$name"
		case $name in *:*) echo "${name%%:*}:*" ;; esac
	done
	echo all
}

_percore_after() {
	set -f
	case $1 in
` + cases() + "\tesac\n}\n"
}

// bashCompletion goes by the line rather than by COMP_WORDS, which bash cuts at every colon; what is before the last
// colon is there already and is not to be put in again.
func bashCompletion() string {
	return `# bash completion for percore: eval "$(percore completion bash)"
` + shared() + `
_percore() {
	local line=${COMP_LINE:0:COMP_POINT} word candidate
	local current=${line##* }
	local before=${current%"${current##*:}"}
	read -r _ word _ <<<"$line"
	COMPREPLY=()
	while read -r candidate; do
		[[ -n $candidate && $candidate == "$current"* ]] && COMPREPLY+=("${candidate#"$before"}")
	done < <(
		if [[ $line =~ ^[^\ ]+\ +[^\ ]*$ ]]; then
			printf '%s\n' ` + strings.Join(Words(), " ") + `
		else
			_percore_after "$word" | tr ' ' '\n'
		fi
	)
}
complete -o default -F _percore percore
`
}

func zshCompletion() string {
	return `#compdef percore
# zsh completion for percore: source <(percore completion zsh)
` + shared() + `
_percore() {
	if ((CURRENT == 2)); then
		compadd -- ` + strings.Join(Words(), " ") + `
		_command_names -e
	else
		compadd -- ${=$(_percore_after ${words[2]})}
		_files
	fi
}
compdef _percore percore
`
}

func fishCompletion() string {
	var text strings.Builder
	text.WriteString(`# fish completion for percore: percore completion fish | source
function __percore_names
	percore status 2>/dev/null | string match -r '^\S+'
	percore status 2>/dev/null | string match -r '^[^: ]+:' | sort -u | string replace -r '$' '*'
	echo all
end
`)
	for _, word := range Words() {
		first, _, _ := strings.Cut(pages[word].about, ".")
		first = strings.NewReplacer("\n", " ", "'", `\'`).Replace(first)
		fmt.Fprintf(&text, "complete -c percore -n __fish_use_subcommand -a %s -d '%s'\n", word, first)
		arguments := optionsOf(word) + others(word)
		if slices.Contains(named(), word) {
			arguments += " (__percore_names)"
		}
		fmt.Fprintf(&text, "complete -c percore -n '__fish_seen_subcommand_from %s' -a '%s'\n", word, arguments)
	}
	return text.String()
}
