package environment

import "strings"

// dropLinks takes out what Docker's legacy links say of a container whose alias begins with percore: ALIAS_NAME,
// ALIAS_PORT, and what begins with ALIAS_PORT_ and ALIAS_ENV_. They are told by their values: no name of ours begins
// with a slash, and no port is a URL.
func dropLinks(s map[string]string) {
	var aliases []string
	for name, value := range s {
		if !strings.HasPrefix(name, Prefix) {
			continue
		}
		if alias, is := strings.CutSuffix(name, "_NAME"); is && strings.HasPrefix(value, "/") {
			aliases = append(aliases, alias)
			delete(s, name)
		}
		if alias, is := strings.CutSuffix(name, "_PORT"); is && isLinkURL(value) {
			aliases = append(aliases, alias)
			delete(s, name)
		}
	}
	for _, alias := range aliases {
		for name := range s {
			if strings.HasPrefix(name, alias+"_PORT_") || strings.HasPrefix(name, alias+"_ENV_") {
				delete(s, name)
			}
		}
	}
}

func isLinkURL(value string) bool {
	protocol, _, is := strings.Cut(value, "://")
	return is && (protocol == "tcp" || protocol == "udp" || protocol == "sctp")
}
