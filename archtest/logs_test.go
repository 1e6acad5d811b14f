package archtest

import (
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryMessageIsDocumented holds docs/logs.md to the code: each constant message of percore's log has a row.
func TestEveryMessageIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range load(t, "..").messages() {
		if !strings.Contains(string(page), "\n| `"+message+"` | ") {
			t.Errorf("docs/logs.md has no row for the message %q", message)
		}
	}
}

// messages are the texts that the code logs, in order.
func (t tree) messages() []string {
	var all []string
	for _, f := range t.files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if text, ok := messageIn(n); ok {
				all = append(all, text)
			}
			return true
		})
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// messageIn finds a message in a call of a logger's method, in a front door's notice, and in a loop's complaint.
func messageIn(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		method, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return "", false
		}
		switch {
		case slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, method.Sel.Name) && len(n.Args) > 0:
			return constant(n.Args[0])
		case method.Sel.Name == "Log" && len(n.Args) > 2:
			return constant(n.Args[2])
		case method.Sel.Name == "complain" && len(n.Args) > 2:
			return constant(n.Args[2])
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Message" {
			return constant(n.Value)
		}
	}
	return "", false
}

func constant(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}
