package archtest

import (
	"go/ast"
	"go/token"
	"slices"
)

// firstOf finds where pkg takes the first of a field's values, outside the allowed place: code that does so takes it
// for the only one. A variable that was set to the field counts as the field.
func firstOf(pkg string, allowed place, field string) func(tree) []string {
	return func(t tree) []string {
		var found []string
		for _, file := range t.files {
			if file.pkg != pkg || allowed(file) {
				continue
			}
			eachWithCopies(file.syntax, []string{field}, func(node ast.Node, watched []string) {
				index, ok := node.(*ast.IndexExpr)
				if !ok || !slices.Contains(watched, valueName(index.X)) {
					return
				}
				if at, ok := index.Index.(*ast.BasicLit); ok && at.Value == "0" {
					found = append(found, use{file, t.fset.Position(node.Pos()).Line, valueName(index.X) + "[0]"}.String())
				}
			})
		}
		return found
	}
}

// compared finds comparisons with a value of the named type, outside of the file that has the type's table: with a
// constant of the type, with a field of its name, with what a maker returns first, or with a variable that was set to
// one of them. Operators, switches and strings.EqualFold compare.
func compared(table, name string, makers ...string) func(tree) []string {
	return func(t tree) []string {
		names := append(append(t.constantsOf(name), name), makers...)
		var found []string
		for _, file := range t.files {
			if file.name == table {
				continue
			}
			eachWithCopies(file.syntax, names, func(node ast.Node, watched []string) {
				for _, operand := range operands(node) {
					if name := valueName(operand); slices.Contains(watched, name) {
						found = append(found, use{file, t.fset.Position(operand.Pos()).Line, name}.String())
						break
					}
				}
			})
		}
		return found
	}
}

// eachWithCopies visits every node of a file together with the watched names, to which it adds, for the rest of a
// declaration, whatever that sets to the value of one.
func eachWithCopies(file *ast.File, names []string, visit func(ast.Node, []string)) {
	for _, decl := range file.Decls {
		watched := slices.Clone(names)
		set := func(to, from ast.Expr) {
			if name := lastName(to); name != "_" && slices.Contains(watched, valueName(from)) {
				watched = append(watched, name)
			}
		}
		ast.Inspect(decl, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.AssignStmt:
				for i := range min(len(node.Lhs), len(node.Rhs)) {
					set(node.Lhs[i], node.Rhs[i])
				}
			case *ast.ValueSpec:
				for i := range min(len(node.Names), len(node.Values)) {
					set(node.Names[i], node.Values[i])
				}
			}
			visit(node, watched)
			return true
		})
	}
}

// constantsOf are the names of the constants that are declared to be of a type of that name.
func (t tree) constantsOf(name string) []string {
	var names []string
	for _, file := range t.files {
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == name && len(spec.Values) > 0 {
				for _, ident := range spec.Names {
					names = append(names, ident.Name)
				}
			}
			return true
		})
	}
	return names
}

// operands are what a node compares, if it does.
func operands(node ast.Node) []ast.Expr {
	switch node := node.(type) {
	case *ast.BinaryExpr:
		if node.Op == token.EQL || node.Op == token.NEQ {
			return []ast.Expr{node.Y, node.X}
		}
	case *ast.SwitchStmt:
		return []ast.Expr{node.Tag}
	case *ast.CaseClause:
		return node.List
	case *ast.CallExpr:
		if function, ok := node.Fun.(*ast.SelectorExpr); ok && isOf(function, "strings") && function.Sel.Name == "EqualFold" {
			return node.Args
		}
	}
	return nil
}

// valueName is the lastName of the value that an expression has, however it is wrapped: in parentheses, as a pointer's
// target, as a part of a slice, or in calls that make text of it. What another call of one argument makes has the name
// of the function, which is a type's in a conversion.
func valueName(e ast.Expr) string {
	switch wrapped := e.(type) {
	case *ast.ParenExpr:
		return valueName(wrapped.X)
	case *ast.StarExpr:
		return valueName(wrapped.X)
	case *ast.UnaryExpr:
		return valueName(wrapped.X)
	case *ast.SliceExpr:
		return valueName(wrapped.X)
	case *ast.CallExpr:
		switch {
		case len(wrapped.Args) != 1:
		case makesText(wrapped.Fun):
			return valueName(wrapped.Args[0])
		default:
			return lastName(wrapped.Fun)
		}
	}
	return lastName(e)
}

// makesText reports whether a function is a conversion to string, or one of the packages that change text.
func makesText(function ast.Expr) bool {
	selector, ok := function.(*ast.SelectorExpr)
	return ok && (isOf(selector, "strings") || isOf(selector, "fmt")) || lastName(function) == "string"
}

// isOf reports whether a selector is a name of a package.
func isOf(selector *ast.SelectorExpr, pkg string) bool {
	ident, ok := selector.X.(*ast.Ident)
	return ok && ident.Name == pkg
}

// lastName is a name, or what stands behind the last dot of one; empty for any other expression.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
