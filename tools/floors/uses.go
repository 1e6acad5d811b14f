package main

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// use is one file naming what another declares.
type use struct{ from, to string }

// uses finds all, with the names by which each comes about.
func (p *pkg) uses() map[use][]string {
	found := map[use][]string{}
	for ident, object := range p.info.Uses {
		if !p.isShared(object) {
			continue
		}
		u := use{p.file(ident.Pos()), p.file(object.Pos())}
		if u.from != u.to && !slices.Contains(found[u], object.Name()) {
			found[u] = append(found[u], object.Name())
		}
	}
	for _, names := range found {
		slices.Sort(names)
	}
	return found
}

// isShared reports whether an object is declared at package level, or as a method of a type of the package.
func (p *pkg) isShared(object types.Object) bool {
	if object.Pkg() != p.types || !object.Pos().IsValid() {
		return false
	}
	if function, ok := object.(*types.Func); ok && function.Signature().Recv() != nil {
		return true
	}
	return object.Parent() == p.types.Scope()
}

// item is an entry of the list in doc.go; gofmt gives it this form.
var item = regexp.MustCompile(`^\s*- ([^:]+)`)

// floors is the order of the files as the package comment has it, top first; nil where it has none.
func (p *pkg) floors() []string {
	doc := p.files["doc"]
	if doc == nil || doc.Doc == nil {
		return nil
	}
	return parseFloors(doc.Doc)
}

func parseFloors(comment *ast.CommentGroup) (files []string) {
	inside := false
	for line := range strings.Lines(comment.Text()) {
		entry := item.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case strings.HasPrefix(line, "Floors") && strings.HasSuffix(strings.TrimSpace(line), ":"):
			inside = true
		case !inside:
		case entry != nil:
			files = append(files, strings.FieldsFunc(entry[1], func(r rune) bool { return r == ',' || r == ' ' })...)
		case strings.TrimSpace(line) != "" && !strings.HasPrefix(line, " "):
			return files
		}
	}
	return files
}

// missing are the files that the list doesn't have.
func (p *pkg) missing(floors []string) (names []string) {
	for name := range p.files {
		if name != "doc" && !slices.Contains(floors, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// upward are the uses that run against the order.
func upward(uses map[use][]string, floors []string) (found []use) {
	for u := range uses {
		from, to := slices.Index(floors, u.from), slices.Index(floors, u.to)
		if from >= 0 && to >= 0 && to < from {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(a, b use) int { return strings.Compare(a.from+" "+a.to, b.from+" "+b.to) })
	return found
}
