package config

import (
	"fmt"

	"percore/entrypoint/config/value"
)

// portRange are the ports of one program.
type portRange struct {
	title, variable string
	first, last     int
}

// checkFurtherPorts looks for ports that two programs, or a program and the front door, would both use. A number of
// workers that is to be counted yet is one at least.
func (c *Config) checkFurtherPorts(workers int) (what, mend string) {
	var taken []portRange
	if len(c.Command.Words) > 0 && c.Bind == value.BindTCP {
		first := int(c.PortsFrom)
		taken = append(taken, portRange{"the fleet proper", "PERCORE_PORTS_FROM", first, first + workers - 1})
	}
	for _, a := range c.Listen {
		if a.OnLoopback() && c.Mode.Facts().Listens {
			taken = append(taken, portRange{"the front door", "PERCORE_LISTEN", a.Port, a.Port})
		}
	}
	for _, f := range c.Further {
		r := portRange{f.Title, f.Variable("PERCORE_PORTS_FROM"), int(f.PortsFrom), int(f.PortsFrom) + f.Workers.Or(1) - 1}
		if f.PortsFrom == 0 || f.Bind == value.BindUnix {
			continue
		}
		if r.last > portMax {
			return fmt.Sprintf("%s would need port %d", r.title, r.last), "set " + r.variable
		}
		for _, other := range taken {
			if r.first <= other.last && other.first <= r.last {
				return fmt.Sprintf("%s would need port %d, which %s uses", r.title, max(r.first, other.first), other.title),
					"set " + r.variable
			}
		}
		taken = append(taken, r)
	}
	return "", ""
}
