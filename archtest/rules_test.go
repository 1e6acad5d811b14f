package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// within says whether a package is dir or below it; "" is the whole module.
func within(pkg, dir string) bool {
	return dir == "" || pkg == dir || strings.HasPrefix(pkg, dir+"/")
}

// imports finds packages within from that import one within any of banned.
func imports(from string, banned ...string) func(tree) []string {
	return func(t tree) []string {
		var found []string
		for _, pkg := range t.packages {
			importer, _ := t.below(pkg.ImportPath)
			if !within(importer, from) {
				continue
			}
			for _, imported := range pkg.Imports {
				name, inside := t.below(imported)
				if inside && slices.ContainsFunc(banned, func(dir string) bool { return within(name, dir) }) {
					found = append(found, importer+" imports "+name)
				}
			}
		}
		return found
	}
}

// leaf finds what dir imports of the project, beside what is below dir and beside the packages that it may import.
func leaf(dir string, allowed ...string) usage {
	return func(t tree) []string {
		return slices.DeleteFunc(imports(dir, "")(t), func(line string) bool {
			_, imported, _ := strings.Cut(line, " imports ")
			return within(imported, dir) || slices.Contains(allowed, imported)
		})
	}
}

// linked finds what imports a banned package among all that the binary links.
func linked(banned ...string) func(tree) []string {
	return func(t tree) []string {
		var found []string
		for _, pkg := range t.deps {
			importer := strings.TrimPrefix(pkg.ImportPath, t.module+"/")
			for _, imported := range pkg.Imports {
				if slices.Contains(banned, imported) && !slices.Contains(banned, importer) {
					found = append(found, importer+" imports "+imported)
				}
			}
		}
		return found
	}
}

// place says whether a file is one where something is allowed.
type place func(*file) bool

func under(dir string) place { return func(f *file) bool { return within(f.pkg, dir) } }
func inMain(f *file) bool    { return f.syntax.Name.Name == "main" }
func nowhere(*file) bool     { return false }

// inFiles allows something in the named files of pkg, and everywhere outside pkg.
func inFiles(pkg string, names ...string) place {
	return func(f *file) bool { return f.pkg != pkg || slices.Contains(names, path.Base(f.name)) }
}

// usage is a rule's check: names that may be used in one place only.
type usage func(tree) []string

// only finds uses of names, written package.Name or with a * for the rest, outside the allowed place.
// It goes by the import's path, so a renamed import is seen too.
func only(allowed place, names ...string) usage {
	return func(t tree) []string {
		var found []string
		t.eachUse(names, func(use use) {
			if !allowed(use.file) {
				found = append(found, use.String())
			}
		})
		return found
	}
}

// except allows the first use of name in pkg.
func (u usage) except(pkg, name string) func(tree) []string {
	return func(t tree) []string {
		var uses []string
		t.eachUse([]string{name}, func(use use) {
			if use.file.pkg == pkg {
				uses = append(uses, use.String())
			}
		})
		return slices.DeleteFunc(u(t), func(line string) bool {
			return len(uses) > 0 && line == uses[0]
		})
	}
}

// use is one place where a watched name is used.
type use struct {
	file *file
	line int
	name string
}

func (u use) String() string { return fmt.Sprintf("%s:%d: %s", u.file.name, u.line, u.name) }

// eachUse visits every use of names in the product's own code.
func (t tree) eachUse(names []string, visit func(use)) {
	for _, file := range t.files {
		aliases := aliases(file.syntax)
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			base, selected := qualified(node, aliases)
			name := base + "." + selected
			if base != "" && slices.ContainsFunc(names, func(pattern string) bool { return matches(name, pattern) }) {
				visit(use{file, t.fset.Position(node.Pos()).Line, name})
			}
			return true
		})
	}
}

// matches compares a name with a pattern, which may end in *.
func matches(name, pattern string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	return name == pattern || open && strings.HasPrefix(name, prefix)
}

// own finds uses of what pkg declares, by plain names, outside the allowed place. Methods may have the same names.
func own(pkg string, allowed place, names ...string) usage {
	return func(t tree) []string {
		var found []string
		for _, file := range t.files {
			if file.pkg != pkg || allowed(file) {
				continue
			}
			eachPlainName(file.syntax, func(ident *ast.Ident) {
				if slices.Contains(names, ident.Name) {
					found = append(found, use{file, t.fset.Position(ident.Pos()).Line, ident.Name}.String())
				}
			})
		}
		return found
	}
}

// fields finds uses of a field or a method of that name in pkg, outside the allowed place. It goes by the name alone.
func fields(pkg string, allowed place, names ...string) usage {
	return fieldsBut("", pkg, allowed, names...)
}

// fieldsBut is fields, but for those of what is called owner.
func fieldsBut(owner, pkg string, allowed place, names ...string) usage {
	return func(t tree) []string {
		var found []string
		for _, file := range t.files {
			if file.pkg != pkg || allowed(file) {
				continue
			}
			ast.Inspect(file.syntax, func(node ast.Node) bool {
				selector, ok := node.(*ast.SelectorExpr)
				if ok && slices.Contains(names, selector.Sel.Name) && (owner == "" || lastName(selector.X) != owner) {
					found = append(found, use{file, t.fset.Position(selector.Sel.Pos()).Line, selector.Sel.Name}.String())
				}
				return true
			})
		}
		return found
	}
}

// eachPlainName visits every identifier but those behind a dot.
func eachPlainName(root ast.Node, visit func(*ast.Ident)) {
	ast.Inspect(root, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			eachPlainName(node.X, visit)
			return false
		case *ast.Ident:
			visit(node)
		}
		return true
	})
}

// all joins several checks into one.
func all(checks ...usage) func(tree) []string {
	return func(t tree) []string {
		var found []string
		for _, check := range checks {
			found = append(found, check(t)...)
		}
		return found
	}
}

// qualified splits a node like os.Getenv into the imported package and the name in it;
// both are empty where the node is something else.
func qualified(node ast.Node, aliases map[string]string) (base, name string) {
	selector, ok := node.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	ident, ok := selector.X.(*ast.Ident)
	if !ok || aliases[ident.Name] == "" {
		return "", ""
	}
	return aliases[ident.Name], selector.Sel.Name
}

// aliases maps the name a file uses for an import to the last element of the import's path.
func aliases(syntax *ast.File) map[string]string {
	named := map[string]string{}
	for _, spec := range syntax.Imports {
		full, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(full)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		named[name] = path.Base(full)
	}
	return named
}

// inits finds init functions.
func inits(t tree) []string {
	var found []string
	for _, file := range t.files {
		for _, decl := range file.syntax.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if ok && function.Recv == nil && function.Name.Name == "init" {
				found = append(found, fmt.Sprintf("%s:%d: init", file.name, t.fset.Position(decl.Pos()).Line))
			}
		}
	}
	return found
}

// requires compares go.mod's direct requirements with the allowed ones.
func requires(allowed ...string) func(tree) []string {
	return func(t tree) []string {
		var found []string
		for _, required := range t.required {
			if !slices.Contains(allowed, required) {
				found = append(found, "go.mod requires "+required)
			}
		}
		for _, path := range allowed {
			if !slices.Contains(t.required, path) {
				found = append(found, "go.mod lacks "+path)
			}
		}
		return found
	}
}
