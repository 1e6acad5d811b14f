package cgroup

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Version is a generation of control groups.
type Version uint8

// The generations.
const (
	V1 Version = iota + 1
	V2
)

// String is "v1" or "v2".
func (v Version) String() string { return "v" + strconv.Itoa(int(v)) }

// Mount is a mounted hierarchy that may have a controller (man 5 proc, mountinfo).
type Mount struct {
	Version Version
	Point   string // where it is mounted
	root    string // the cgroup that is visible there, "/" unless a part of the tree was bind-mounted
}

// Mounts lists those of v2 and those of v1 that have the controller: both, where they are mounted side by side
// (systemd's hybrid layout). Only one of them holds the controller then, and the other has no such file.
func Mounts(fsys fs.FS, controller string) ([]Mount, error) {
	text, err := fs.ReadFile(fsys, "proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []Mount
	for line := range strings.Lines(string(text)) {
		if m, ok := parseMount(line, controller); ok {
			found = append(found, m)
		}
	}
	return found, nil
}

// parseMount reads one line of mountinfo:
//
//	36 35 98:0 /root /point rw,noatime optional… - cgroup cgroup rw,cpu,cpuacct
func parseMount(line, controller string) (Mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !ok || len(left) < 6 || len(right) < 3 {
		return Mount{}, false
	}
	m := Mount{root: unescape(left[3]), Point: unescape(left[4])}
	switch {
	case right[0] == "cgroup2":
		m.Version = V2
	case right[0] == "cgroup" && slices.Contains(strings.Split(right[2], ","), controller):
		m.Version = V1
	default:
		return Mount{}, false
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

// Levels lists the directories, as fs.FS names, from this process's own cgroup up to the mount point.
//
// The own path is one in the hierarchy; the mount shows the hierarchy from its root on. In a container with the
// host's cgroup namespace both are /docker/ID and the answer is the mount point alone. A path outside the root (the
// kernel writes /../x for what is outside the cgroup namespace) is not visible by its name: then the mount point is
// the best view there is.
func (m Mount) Levels(own Paths) []string {
	point := strings.TrimPrefix(path.Clean("/"+m.Point), "/")
	below, inside := strings.CutPrefix(own[m.Version], strings.TrimSuffix(m.root, "/"))
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

// Paths are this process's own cgroups in the hierarchies that may have a controller.
type Paths map[Version]string

// Own reads them (man 7 cgroups):
//
//	4:cpu,cpuacct:/docker/ID
//	0::/docker/ID
func Own(fsys fs.FS, controller string) (Paths, error) {
	text, err := fs.ReadFile(fsys, "proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	paths := Paths{}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		switch {
		case len(fields) != 3:
		case fields[0] == "0" && fields[1] == "":
			paths[V2] = fields[2]
		case slices.Contains(strings.Split(fields[1], ","), controller):
			paths[V1] = fields[2]
		}
	}
	return paths, nil
}
