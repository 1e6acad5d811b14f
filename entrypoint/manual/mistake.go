package manual

import (
	"fmt"
	"strings"

	"percore/entrypoint/config"
	"percore/entrypoint/config/environment"
	"percore/entrypoint/config/suggest"
	"percore/reaper"
)

// Mistake says what is wrong with a first word that is no word of percore's, where it was hardly meant as a worker's
// command: it looks like an option, or it is on no folder of path and nearly a word. Such a thing never becomes a
// fleet.
func Mistake(first, path string) string {
	if strings.HasPrefix(first, "-") {
		return fmt.Sprintf("there is no option %q%s", first, insteadOfOption(first))
	}
	near, isRole := Nearest(first), isRoleName(first)
	if near == "" && !isRole || strings.Contains(first, "/") {
		return ""
	}
	if _, err := reaper.LookPath(first, "", path); err == nil {
		return ""
	}
	if isRole {
		return fmt.Sprintf("%q is a role in which percore starts itself, not a word", first)
	}
	return fmt.Sprintf("%q is not on PATH, and no word of percore%s", first, DidYouMean(near))
}

// isRoleName knows the roles of percore's own processes, those of later versions included.
func isRoleName(word string) bool {
	switch word {
	case "front", "admin", "resolve", string(environment.RoleDemoWorker):
		return true
	default:
		return false
	}
}

// Nearest is the word that was probably meant, or empty.
func Nearest(wrong string) string { return suggest.Word(wrong, Words()) }

// nearestOption finds the word or option that a user who knows other programs may have meant: -v, --versoin, --status.
func nearestOption(wrong string) string {
	bare := strings.ToLower(strings.TrimLeft(wrong, "-"))
	switch bare {
	case "v":
		return "--version"
	case "h", "?", "":
		return "--help"
	}
	near := Nearest(bare)
	if near == "version" || near == "help" {
		return "--" + near
	}
	return near
}

// insteadOfOption says what may have been meant by an option that there is not.
func insteadOfOption(wrong string) string {
	const settings = ": settings are environment variables, "
	if assignment := settingOf(wrong); assignment != "" {
		return settings + "as " + assignment
	}
	if near := nearestOption(wrong); near != "" {
		return DidYouMean(near)
	}
	return settings + "see percore env"
}

// settingOf sets, by way of example, the variable that is called as an option is; empty is none.
func settingOf(option string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(option, "-"), "=")
	name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	for _, v := range config.Reference() {
		if v.Name == name || v.Name == "PERCORE_"+name {
			return v.Name + "=" + v.Example
		}
	}
	return ""
}

// DidYouMean asks whether something else was meant.
func DidYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "; did you mean " + near + "?"
}
