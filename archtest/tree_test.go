package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a module's product code: what `go build ./entrypoint` links, and the folders it
// comes from. Tests, benchmarks and scenarios are no part of it.
type tree struct {
	module   string
	packages []*listed // of entrypoint, reaper and lbproxy
	deps     []*listed // all that ./entrypoint links, the standard library included
	files    []*file   // of packages
	fset     *token.FileSet
	required []string // what go.mod requires directly
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

// file is a parsed source file, its package and its name below the module's root.
type file struct {
	pkg, name string
	syntax    *ast.File
}

// load reads the module whose root is dir.
func load(t *testing.T, dir string) tree {
	t.Helper()
	root, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	loaded := tree{fset: token.NewFileSet()}
	loaded.readRequirements(t, root)
	loaded.packages = list(t, root, "./entrypoint/...", "./reaper/...", "./lbproxy/...")
	loaded.deps = list(t, root, "-deps", "./entrypoint")
	for _, pkg := range loaded.packages {
		loaded.parse(t, root, pkg)
	}
	return loaded
}

// below returns an import path as seen from the module's root, and whether it is inside.
func (t tree) below(path string) (string, bool) {
	return strings.CutPrefix(path, t.module+"/")
}

func (t *tree) readRequirements(tb testing.TB, root string) {
	tb.Helper()
	var mod struct {
		Module  struct{ Path string }
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(goCommand(tb, root, "mod", "edit", "-json"), &mod); err != nil {
		tb.Fatalf("decode go.mod: %v", err)
	}
	t.module = mod.Module.Path
	for _, require := range mod.Require {
		if !require.Indirect {
			t.required = append(t.required, require.Path)
		}
	}
}

func (t *tree) parse(tb testing.TB, root string, pkg *listed) {
	tb.Helper()
	path, _ := t.below(pkg.ImportPath)
	for _, name := range pkg.GoFiles {
		full := filepath.Join(pkg.Dir, name)
		syntax, err := parser.ParseFile(t.fset, full, nil, parser.SkipObjectResolution)
		if err != nil {
			tb.Fatalf("parse source: %v", err)
		}
		relative, err := filepath.Rel(root, full)
		if err != nil {
			tb.Fatal(err)
		}
		t.files = append(t.files, &file{path, relative, syntax})
	}
}

// list runs `go list -json`, without cgo and for Linux, as the product is built.
func list(t *testing.T, root string, args ...string) []*listed {
	t.Helper()
	args = append([]string{"list", "-e", "-json=ImportPath,Dir,Imports,GoFiles"}, args...)
	out := json.NewDecoder(strings.NewReader(string(goCommand(t, root, args...))))
	var packages []*listed
	for {
		pkg := new(listed)
		if err := out.Decode(pkg); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		packages = append(packages, pkg)
	}
}

func goCommand(t testing.TB, root string, args ...string) []byte {
	t.Helper()
	command := exec.Command("go", args...)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOWORK=off", "PWD="+root)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return out
}
