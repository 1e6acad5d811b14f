package archtest

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestTheWalkNamesFilesAndRoomsThatExist holds docs/architecture.md to the tree: every file and folder that it names is there, and
// every room has its line.
func TestTheWalkNamesFilesAndRoomsThatExist(t *testing.T) {
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	files, rooms := treeOf(t)
	for _, name := range regexp.MustCompile("`([a-z0-9/]+\\.go)`").FindAllStringSubmatch(page, -1) {
		if !hasSuffix(files, name[1]) {
			t.Errorf("docs/architecture.md names %s: got no such file", name[1])
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*/`) \\|").FindAllStringSubmatch(page, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			name = strings.Trim(name, "`/")
			if !rooms[name] {
				t.Errorf("docs/architecture.md lists %s: got no such room", name)
			}
			delete(rooms, name)
		}
	}
	for room := range rooms {
		t.Errorf("docs/architecture.md: got no line for %s", room)
	}
}

// treeOf lists the Go files of the product, and the folders of its packages below the three that the page begins with.
func treeOf(t *testing.T) (files []string, rooms map[string]bool) {
	t.Helper()
	rooms = make(map[string]bool)
	for _, owner := range []string{"entrypoint", "reaper", "lbproxy"} {
		err := fs.WalkDir(os.DirFS(".."), owner, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "internal"):
				return fs.SkipDir
			case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
				files = append(files, name)
				if folder := path.Dir(name); folder != owner {
					rooms[folder] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files, rooms
}

func hasSuffix(files []string, name string) bool {
	for _, file := range files {
		if strings.HasSuffix("/"+file, "/"+name) {
			return true
		}
	}
	return false
}
