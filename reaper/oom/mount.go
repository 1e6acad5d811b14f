package oom

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The file with the counter in each generation of control groups. memory.events counts the cgroups below, too, which
// memory.events.local does not: a worker may have been put into one.
const (
	fileV1 = "memory.oom_control"
	fileV2 = "memory.events"
)

// candidates is Files for the memory controller.
func candidates(fsys fs.FS, nameV1, nameV2 string) ([]string, error) {
	return Files(fsys, "memory", nameV1, nameV2)
}

// Files lists where a file of one of this process's cgroups may be, by the cgroup's controller and the file's name in each generation, the most
// telling place first: a controller of v1 is never in v2's tree as well, so whichever can be read is right.
func Files(fsys fs.FS, controller, nameV1, nameV2 string) ([]string, error) {
	cgroups, err := fs.ReadFile(fsys, "proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	mounts, err := fs.ReadFile(fsys, "proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	ownV1, ownV2 := ownPaths(string(cgroups), controller)
	var files []string
	for line := range strings.Lines(string(mounts)) {
		switch m, kind := parseMount(line, controller); kind {
		case "cgroup":
			files = append(files, m.places(ownV1, nameV1)...)
		case "cgroup2":
			files = append(files, m.places(ownV2, nameV2)...)
		}
	}
	return files, nil
}

// ownPaths reads this process's cgroup in the controller's hierarchy of v1 and in v2's (man 7 cgroups).
func ownPaths(text, controller string) (v1, v2 string) {
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(fields) != 3:
		case fields[0] == "0" && fields[1] == "":
			v2 = fields[2]
		case slices.Contains(strings.Split(fields[1], ","), controller):
			v1 = fields[2]
		}
	}
	return v1, v2
}

// mount is a mounted hierarchy: its part from the cgroup root on is visible at point.
type mount struct{ root, point string }

// parseMount reads a line of mountinfo (man 5 proc). kind is the file system when it is one that may have the counter, else empty.
func parseMount(line, controller string) (m mount, kind string) {
	before, after, _ := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if len(left) < 5 || len(right) < 3 {
		return mount{}, ""
	}
	m = mount{root: unescape(left[3]), point: unescape(left[4])}
	switch kind = right[0]; {
	case kind == "cgroup2":
		return m, kind
	case kind == "cgroup" && slices.Contains(strings.Split(right[2], ","), controller):
		return m, kind
	default:
		return mount{}, ""
	}
}

// places gives the file in the cgroup called own, where the mount shows that, and at the mount point: a container
// often sees its own cgroup there, whatever name it has outside.
func (m mount) places(own, file string) []string {
	var dirs []string
	below, inside := strings.CutPrefix(own, strings.TrimSuffix(m.root, "/"))
	if inside && strings.HasPrefix(below, "/") && !strings.HasPrefix(below+"/", "/../") {
		dirs = append(dirs, path.Join(m.point, below, file))
	}
	dirs = append(dirs, path.Join(m.point, file))
	for i, dir := range dirs {
		dirs[i] = strings.TrimPrefix(path.Clean("/"+dir), "/")
	}
	return slices.Compact(dirs)
}

// unescape undoes mountinfo's octal escapes of space, tab, newline and backslash.
func unescape(field string) string {
	for _, c := range " \t\n\\" {
		code := strconv.FormatInt(int64(c), 8)
		field = strings.ReplaceAll(field, `\`+strings.Repeat("0", 3-len(code))+code, string(c))
	}
	return field
}
