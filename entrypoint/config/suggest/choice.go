package suggest

import "strings"

// synonyms are the words of other programs, by percore's own.
func synonyms() map[string][]string {
	return map[string][]string{
		"debug": {"trace", "verbose", "all"}, "info": {"notice", "information", "default"}, "warn": {"warning", "wrn"},
		"error":      {"err", "fatal", "critical", "crit", "alert", "emerg", "panic", "severe"},
		"least_conn": {"least_connections", "least"}, "round_robin": {"rr", "wrr", "static_rr"},
		"ip_hash": {"source", "hash", "client_ip", "sticky"}, "random": {"p2c", "two_random_choices", "random_two"},
		"true": {"yes", "on", "1", "always", "unless_stopped"}, "false": {"no", "off", "0", "never"}, "unexpected": {"on_failure"},
		"off": {"false", "no", "none", "0", "disabled"}, "combined": {"true", "yes", "on", "1", "common", "clf"}, "json": {"structured"},
		"text": {"plain", "human", "console", "logfmt"}, "none": {"off", "worker"}, "unix": {"socket", "uds"}, "tcp": {"port"}, "http": {"proxy", "default"},
		"first-exit": {"any", "any_exit"}, "all-fatal": {"all"},
	}
}

// Choice is the choice that a wrong word stands for: spelt otherwise, another program's word for it, or a slip; or
// empty.
func Choice(wrong string, choices []string) string {
	plain := func(word string) string {
		return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
	}
	for _, choice := range choices {
		if plain(choice) == plain(wrong) {
			return choice
		}
	}
	words := synonyms()
	for _, choice := range choices {
		for _, other := range words[choice] {
			if plain(other) == plain(wrong) {
				return choice
			}
		}
	}
	near := Word(wrong, choices)
	if Slips(strings.ToLower(wrong), near)*3 > len(near) {
		return "" // two slips make any short word of any other
	}
	return near
}
