package cgroup

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Files lists where a file of one of this process's cgroups may be, by the cgroup's controller and the file's name in
// each generation: in the process's own cgroup, where the mount shows that, and at the mount point, where a container
// often sees its own, whatever name it has outside. The most telling place comes first. A controller of v1 is never
// in v2's tree as well, so any that can be read is right.
func Files(fsys fs.FS, controller, nameV1, nameV2 string) ([]string, error) {
	own, err := Own(fsys, controller)
	if err != nil {
		return nil, err
	}
	mounts, err := Mounts(fsys, controller)
	if err != nil {
		return nil, err
	}
	names := map[Version]string{V1: nameV1, V2: nameV2}
	var files []string
	for _, m := range mounts {
		levels, name := m.Levels(own), names[m.Version]
		files = append(files, path.Join(levels[0], name))
		if top := levels[len(levels)-1]; top != levels[0] {
			files = append(files, path.Join(top, name))
		}
	}
	return files, nil
}

// Number reads a file that holds one. A limit that is not set ("max") is an error, too.
func Number(fsys fs.FS, file string) (int64, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("parse %s: %w", path.Base(file), err)
	}
	return n, nil
}
