package config

import (
	"fmt"
	"strconv"

	"percore/entrypoint/config/value"
)

// portMax is the last port there is.
const portMax = 65535

// CheckPorts looks for what keeps this many workers from having a port each: the last port, 65535, and ports that the
// front door listens on. Load has looked for a fixed number of workers; for Auto, look once the CPUs are counted. The
// error is a *Problems.
func (c *Config) CheckPorts(workers int) error {
	if what, mend := c.checkPorts(workers); what != "" {
		return &Problems{List: []Problem{{Name: "PERCORE_PORTS_FROM", Value: c.PortsFrom.String(), What: what, Mend: mend}}}
	}
	return nil
}

func (c *Config) checkPorts(workers int) (what, mend string) {
	if !c.Mode.Facts().Fleet {
		return "", ""
	}
	first, last := int(c.PortsFrom), int(c.PortsFrom)+workers-1
	if last > portMax {
		return fmt.Sprintf("%d workers from port %d on would need port %d", workers, first, last),
			fmt.Sprintf("choose at most PERCORE_PORTS_FROM=%d", portMax-workers+1)
	}
	if !c.Mode.Facts().Proxies || c.Bind == value.BindUnix {
		return "", ""
	}
	for _, a := range c.Listen {
		if a.OnLoopback() && first <= a.Port && a.Port <= last {
			return fmt.Sprintf("worker %d would need port %d, which the front door listens on (%s)", a.Port-first, a.Port, a),
				"for example PERCORE_PORTS_FROM=" + strconv.Itoa(c.portsBeside(workers))
		}
	}
	return "", ""
}

// portsBeside finds the first round thousand from which so many ports are clear of every listener.
func (c *Config) portsBeside(workers int) int {
	for first := 9000; first+workers-1 <= portMax; first += 1000 {
		clear := true
		for _, a := range c.Listen {
			clear = clear && (a.Port < first || a.Port >= first+workers)
		}
		if clear {
			return first
		}
	}
	return 1024
}

// CheckProcesses looks for two processes with the same name or port, with so many workers in the fleet proper. Load
// has looked; look again once UseArguments has named the fleet and the CPUs are counted. The error is a *Problems.
func (c *Config) CheckProcesses(workers int) error {
	what, mend := c.checkProcesses()
	if what == "" {
		what, mend = c.checkFurtherPorts(workers)
	}
	if what != "" {
		return &Problems{List: []Problem{{Name: "PERCORE_PROGRAMS", Value: c.Programs.String(), What: what, Mend: mend}}}
	}
	return nil
}

// checkProcesses looks for two programs whose processes would have the same names.
func (c *Config) checkProcesses() (what, mend string) {
	type process struct{ group, name value.Label }
	seen := map[process]string{{"percore", "front"}: "the front door", {"percore", "prestart"}: "PERCORE_PRESTART"}
	if len(c.Command.Words) > 0 {
		seen[process{c.Group, c.Name}] = "the fleet proper"
	}
	for _, f := range c.Further {
		p := process{f.Group, f.Name}
		if other, taken := seen[p]; taken {
			const words = "gives the processes of %s the name %s:%s, which those of %s have"
			return fmt.Sprintf(words, f.Title, p.group, p.name, other), "set " + f.Variable("PERCORE_NAME")
		}
		seen[p] = f.Title
	}
	return "", ""
}

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
