package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	TestGoFiles             []string
	XTestGoFiles            []string
	DepOnly                 bool
}

// pkg is a package with the types of its code resolved; its tests are only counted.
type pkg struct {
	listed
	fset  *token.FileSet
	files map[string]*ast.File // by name, without .go
	info  *types.Info
	types *types.Package
}

// load reads the package in a folder, or with /... at the end all below it.
func load(folder string) ([]*pkg, error) {
	pattern := "."
	if below, ok := strings.CutSuffix(folder, "/..."); ok {
		folder, pattern = below, "./..."
	}
	all, err := list(folder, pattern)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	var found []*pkg
	for _, l := range all {
		if l.DepOnly || len(l.GoFiles) == 0 {
			continue
		}
		p, err := check(l, exports)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

// list asks the go command, inside the folder: it may belong to another module than this program.
func list(folder, pattern string) ([]listed, error) {
	command := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,TestGoFiles,XTestGoFiles,DepOnly", pattern)
	command.Dir, command.Stderr = folder, os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", folder, err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		switch err := decoder.Decode(&l); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("list %s: %w", folder, err)
		}
		all = append(all, l)
	}
}

// check parses a package's files and resolves their names. What it imports comes from the compiler's export data.
func check(l listed, exports map[string]string) (*pkg, error) {
	p := &pkg{
		listed: l, fset: token.NewFileSet(), files: map[string]*ast.File{},
		info: &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}},
	}
	var syntax []*ast.File
	for _, name := range l.GoFiles {
		file, err := parser.ParseFile(p.fset, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files[strings.TrimSuffix(name, ".go")] = file
		syntax = append(syntax, file)
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	config := types.Config{Importer: importer.ForCompiler(p.fset, "gc", lookup)}
	var err error
	p.types, err = config.Check(l.ImportPath, p.fset, syntax, p.info)
	return p, err
}

// file is the name, without .go, of the file in which something stands.
func (p *pkg) file(pos token.Pos) string {
	return strings.TrimSuffix(filepath.Base(p.fset.Position(pos).Filename), ".go")
}
