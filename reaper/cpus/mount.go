package cpus

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The two generations of control groups.
const (
	v1 = "v1"
	v2 = "v2"
)

// mount is a mounted hierarchy that may limit CPUs (man 5 proc, mountinfo).
type mount struct {
	version string
	root    string // the cgroup that is visible at point, "/" unless a part of the tree was bind-mounted
	point   string
}

// levels lists the directories, as fs.FS names, from the cgroup called own up to the mount point.
//
// own is a path in the hierarchy; the mount shows the hierarchy from root on. In a container with the host's cgroup
// namespace both are /docker/ID and the answer is the mount point alone. An own outside root (the kernel writes /../x
// for what is outside the cgroup namespace) is not visible by its name: then the mount point is the best view there is.
func (m mount) levels(own string) []string {
	point := strings.TrimPrefix(path.Clean("/"+m.point), "/")
	below, inside := strings.CutPrefix(own, strings.TrimSuffix(m.root, "/"))
	if !inside || !strings.HasPrefix(below, "/") || strings.HasPrefix(below+"/", "/../") {
		below = ""
	}
	var dirs []string
	for below = strings.Trim(below, "/"); below != "" && below != "."; below = path.Dir(below) {
		dirs = append(dirs, path.Join(point, below))
	}
	if point == "" {
		point = "."
	}
	return append(dirs, point)
}

// mounts lists the cgroup v2 mounts and the v1 mounts with the cpu controller.
func (s *survey) mounts() ([]mount, error) {
	text, err := fs.ReadFile(s.fsys, "proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []mount
	for line := range strings.Lines(string(text)) {
		if m, ok := parseMount(line); ok {
			found = append(found, m)
		}
	}
	return found, nil
}

// parseMount reads one line of mountinfo:
//
//	36 35 98:0 /root /point rw,noatime optional… - cgroup cgroup rw,cpu,cpuacct
func parseMount(line string) (mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !ok || len(left) < 6 || len(right) < 3 {
		return mount{}, false
	}
	m := mount{root: unescape(left[3]), point: unescape(left[4])}
	switch {
	case right[0] == "cgroup2":
		m.version = v2
	case right[0] == "cgroup" && slices.Contains(strings.Split(right[2], ","), "cpu"):
		m.version = v1
	default:
		return mount{}, false
	}
	return m, true
}

// unescape undoes mountinfo's octal escapes: space, tab, newline and backslash are written \040 and so on.
func unescape(field string) string {
	var out strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '\\' && i+3 < len(field) {
			if c, err := strconv.ParseUint(field[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		out.WriteByte(field[i])
	}
	return out.String()
}

// paths reads this process's cgroup in the v2 hierarchy and in v1's cpu hierarchy (man 7 cgroups):
//
//	4:cpu,cpuacct:/docker/ID
//	0::/docker/ID
func (s *survey) paths() (map[string]string, error) {
	text, err := fs.ReadFile(s.fsys, "proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		switch {
		case len(fields) != 3:
		case fields[0] == "0" && fields[1] == "":
			paths[v2] = fields[2]
		case slices.Contains(strings.Split(fields[1], ","), "cpu"):
			paths[v1] = fields[2]
		}
	}
	return paths, nil
}
