package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// pkg is a package with its lines.
type pkg struct {
	path        string // without the module's
	code, tests int
}

// ratio is how many lines of test it has for a line of code.
func (p pkg) ratio() float64 { return float64(p.tests) / float64(p.code) }

// missing is how many lines of test it lacks.
func (p pkg) missing(bar float64) int { return max(0, int(math.Ceil(bar*float64(p.code)))-p.tests) }

func (p pkg) String() string {
	return fmt.Sprintf("%5.2f %6d %6d  %s", p.ratio(), p.code, p.tests, p.path)
}

// table has the packages with the lowest ratio first.
func table(all []pkg) string {
	lowest := slices.SortedFunc(slices.Values(all), func(a, b pkg) int {
		return cmp.Or(cmp.Compare(a.ratio(), b.ratio()), strings.Compare(a.path, b.path))
	})
	text := "ratio   code  tests  package\n"
	for _, p := range lowest {
		text += p.String() + "\n"
	}
	return text
}

// count asks the go command, inside the folder: it may belong to another module than this program.
func count(folder string) (all []pkg, err error) {
	command := exec.Command("go", "list", "-json=ImportPath,Dir,Module,GoFiles,TestGoFiles,XTestGoFiles", "./...")
	command.Dir, command.Stderr = folder, os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", folder, err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			ImportPath, Dir                    string
			Module                             struct{ Path string }
			GoFiles, TestGoFiles, XTestGoFiles []string
		}
		switch err := decoder.Decode(&l); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("list %s: %w", folder, err)
		}
		p := pkg{path: strings.TrimPrefix(l.ImportPath, l.Module.Path+"/")}
		if p.code, err = lines(l.Dir, l.GoFiles); err != nil {
			return nil, err
		}
		if p.tests, err = lines(l.Dir, slices.Concat(l.TestGoFiles, l.XTestGoFiles)); err != nil {
			return nil, err
		}
		if p.code > 0 {
			all = append(all, p)
		}
	}
}

// lines counts those of the files, as wc does, but not of generated ones.
func lines(folder string, names []string) (n int, err error) {
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return 0, err
		}
		if !bytes.HasPrefix(text, []byte("// Code generated ")) {
			n += bytes.Count(text, []byte{'\n'})
		}
	}
	return n, nil
}
