package archtest

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
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"percore/entrypoint/config"
)

// consumed are the variables that package config itself uses up, so that nothing else asks for them.
var consumed = []string{
	"PERCORE_STRICT",  // what becomes of an unknown name
	"PORT",            // becomes LISTEN
	"WEB_CONCURRENCY", // becomes WORKERS
}

// A variable that nothing goes by promises users what percore does not do.
func TestEveryVariableIsUsed(t *testing.T) {
	found := idleVariables(t, "..")
	for _, name := range consumed {
		at := slices.Index(found, name)
		if at < 0 {
			t.Errorf("%s: is used outside config by now: take it out of the list", name)
			continue
		}
		found = slices.Delete(found, at, at+1)
	}
	for _, name := range found {
		t.Errorf("%s: nothing outside entrypoint/config uses its field", name)
	}
}

func TestAVariableThatNothingUsesIsSeen(t *testing.T) {
	want := []string{"PERCORE_IDLE", "PERCORE_IDLE_TOO", "PERCORE_NAMESAKE", "PERCORE_SET"}
	if got := idleVariables(t, "testdata/bad"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// idleVariables lists the variables of Config whose fields are read nowhere in what `go build ./entrypoint` links, but
// perhaps in config itself. Package plan carries those of the front door to the options of the same names: these count
// where lbproxy reads these options.
func idleVariables(t *testing.T, dir string) []string {
	t.Helper()
	root, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	compiled := compile(t, root)
	exported := map[string]string{}
	for _, pkg := range compiled {
		exported[pkg.ImportPath] = pkg.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exported[path] == "" {
			return nil, fmt.Errorf("import %s: %w", path, os.ErrNotExist)
		}
		return os.Open(exported[path])
	})
	used, carried := map[types.Object]bool{}, map[string]bool{}
	path := ""
	for _, pkg := range compiled {
		at := slices.IndexFunc(pkg.Imports, func(name string) bool { return strings.HasSuffix(name, "/entrypoint/config") })
		if at >= 0 {
			path = pkg.Imports[at]
			_, read := reads(t, fset, imports, pkg)
			maps.Copy(used, read)
		}
		if strings.HasSuffix(pkg.ImportPath, "/lbproxy") {
			door, read := reads(t, fset, imports, pkg)
			noteOptions(door.Scope().Lookup("Options").Type(), read, carried)
		}
	}
	imported, err := imports.Import(path)
	if err != nil {
		t.Fatalf("nothing imports entrypoint/config: %v", err)
	}
	return idleFields(imported.Scope().Lookup("Config").Type(), func(field *types.Var) bool {
		return used[field] || carried[field.Name()]
	})
}

// noteOptions adds the names of those fields of the front door's options that are read. The options of a service are
// in a list of theirs.
func noteOptions(options types.Type, read map[types.Object]bool, names map[string]bool) {
	if list, is := options.(*types.Slice); is {
		options = list.Elem()
	}
	fields, isStruct := options.Underlying().(*types.Struct)
	if !isStruct {
		return
	}
	for field := range fields.Fields() {
		if read[field] {
			names[field.Name()] = true
		}
		if field.Embedded() || field.Name() == "Services" {
			noteOptions(field.Type(), read, names)
		}
	}
}

// compiledPackage is a package with the file that has its types.
type compiledPackage struct {
	listed
	Export string
}

func compile(t *testing.T, root string) (packages []compiledPackage) {
	t.Helper()
	out := json.NewDecoder(strings.NewReader(string(goCommand(t, root, "list", "-e", "-export", "-deps", "-json=ImportPath,Dir,Imports,GoFiles,Export", "./entrypoint"))))
	for {
		var pkg compiledPackage
		if err := out.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		packages = append(packages, pkg)
	}
}

// reads gives every field that a package reads, by whatever way through embedded structs. One that is only set is read
// by no line.
func reads(t *testing.T, fset *token.FileSet, imports types.Importer, pkg compiledPackage) (*types.Package, map[types.Object]bool) {
	t.Helper()
	var files []*ast.File
	set := map[ast.Expr]bool{}
	for _, name := range pkg.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(pkg.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("parse source: %v", err)
		}
		files = append(files, file)
		ast.Inspect(file, func(node ast.Node) bool {
			if assignment, is := node.(*ast.AssignStmt); is {
				for _, target := range assignment.Lhs {
					set[target] = true
				}
			}
			return true
		})
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	lenient := types.Config{Importer: imports, Error: func(error) {}} // the bad tree does not compile as a whole
	checked, _ := lenient.Check(pkg.ImportPath, fset, files, info)
	read := map[types.Object]bool{}
	for expression, selection := range info.Selections {
		if !set[expression] {
			read[selection.Obj()] = true
		}
	}
	return checked, read
}

// idleFields lists the variables of a struct, and of those embedded in it, whose fields are not used.
func idleFields(t types.Type, isUsed func(*types.Var) bool) (names []string) {
	fields, isStruct := t.Underlying().(*types.Struct)
	if !isStruct {
		return nil
	}
	for i := range fields.NumFields() {
		field := fields.Field(i)
		name := reflect.StructTag(fields.Tag(i)).Get("envconfig")
		switch {
		case field.Embedded():
			names = append(names, idleFields(field.Type(), isUsed)...)
		case name != "" && !isUsed(field):
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// told are the names of percore's that are no variables: by them its processes tell one another, and their workers, something.
var told = []string{"PERCORE_ROLE", "PERCORE_SOCKET", "PERCORE_WORKER_INDEX", "PERCORE_WORKER_NAME", "PERCORE_WORKER_MARK"}

// A name with a slip in it is found nowhere: nothing is set by it, and no rule holds for it.
func TestEveryNameInTheCodeIsAVariable(t *testing.T) {
	known := slices.Clone(told)
	for _, v := range config.Reference() {
		known = append(known, v.Name)
	}
	product := load(t, "..")
	for _, file := range product.files {
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			literal, is := node.(*ast.BasicLit)
			if !is || literal.Kind != token.STRING {
				return true
			}
			text := strings.Trim(literal.Value, "\"`")
			name, _, _ := strings.Cut(text, "=")
			if isName.MatchString(name) && !slices.Contains(known, name) {
				t.Errorf("%s:%d: %s is no variable", file.name, product.fset.Position(literal.Pos()).Line, name)
			}
			return true
		})
	}
}

var isName = regexp.MustCompile(`^PERCORE_[A-Z_]*[A-Z]$`)
