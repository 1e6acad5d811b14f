package archtest

import (
	"go/ast"
	"go/token"
	"slices"
)

// firstOf finds where pkg takes the first of a field's values, outside the allowed place: code that does so takes it for the
// only one.
func firstOf(pkg string, allowed place, field string) func(tree) []string {
	return func(t tree) []string {
		var found []string
		for _, file := range t.files {
			if file.pkg != pkg || allowed(file) {
				continue
			}
			ast.Inspect(file.syntax, func(node ast.Node) bool {
				index, ok := node.(*ast.IndexExpr)
				if !ok || lastName(index.X) != field {
					return true
				}
				if at, ok := index.Index.(*ast.BasicLit); ok && at.Value == "0" {
					found = append(found, use{file, t.fset.Position(node.Pos()).Line, field + "[0]"}.String())
				}
				return true
			})
		}
		return found
	}
}

// compared finds comparisons, by == and != and by the cases of a switch, with a constant of the named type or with a field of that name,
// outside of the file that has the type's table.
func compared(name, table string) func(tree) []string {
	return func(t tree) []string {
		watched := append(t.constantsOf(name), name)
		var found []string
		for _, file := range t.files {
			if file.name == table {
				continue
			}
			ast.Inspect(file.syntax, func(node ast.Node) bool {
				for _, operand := range operands(node) {
					if slices.Contains(watched, lastName(operand)) {
						found = append(found, use{file, t.fset.Position(operand.Pos()).Line, lastName(operand)}.String())
						break
					}
				}
				return true
			})
		}
		return found
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
	case *ast.CaseClause:
		return node.List
	}
	return nil
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
