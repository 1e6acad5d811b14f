package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// largestMax is how many types and structs of a package are told.
const largestMax = 3

// report is what is to be told of a package, and whether it keeps to the limit.
func (p *pkg) report(verbose bool, percentMax int) (text string, ok bool) {
	code, tests := p.lines(p.GoFiles), p.lines(slices.Concat(p.TestGoFiles, p.XTestGoFiles))
	out := fmt.Sprintf("%s: %d files, %d lines of code, %d of tests, ratio %.2f\n",
		p.ImportPath, len(p.GoFiles), code, tests, float64(tests)/float64(max(code, 1)))
	out += "  methods: " + strings.Join(p.largestTypes(), ", ") + "\n"
	out += "  fields: " + strings.Join(p.largestStructs(), ", ") + "\n"
	uses, floors := p.uses(), p.floors()
	if floors == nil {
		return out + fmt.Sprintf("  floors: none told, %d uses between files\n", len(uses)), true
	}
	found, missing := upward(uses, floors), p.missing(floors)
	percent := 100 * len(found) / max(len(uses), 1)
	out += fmt.Sprintf("  floors: %d of %d uses between files run upwards (%d %%)\n", len(found), len(uses), percent)
	if len(missing) > 0 {
		out += "  floors: missing in the list: " + strings.Join(missing, " ") + "\n"
	}
	if verbose {
		for _, u := range found {
			out += fmt.Sprintf("    %s -> %s: %s\n", u.from, u.to, strings.Join(uses[u], " "))
		}
	}
	return out, percent <= percentMax && (len(missing) == 0 || percentMax == noLimit)
}

// lines counts those of the files, as wc does, but not of generated ones.
func (p *pkg) lines(names []string) (n int) {
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil || bytes.HasPrefix(text, []byte("// Code generated ")) {
			continue
		}
		n += bytes.Count(text, []byte{'\n'})
	}
	return n
}

// sized is a type with what makes it large.
type sized struct {
	name  string
	count int
	more  string
}

// largest puts the largest of a package's types into words.
func largest(all []sized) (words []string) {
	slices.SortFunc(all, func(a, b sized) int { return cmp.Or(b.count-a.count, strings.Compare(a.name, b.name)) })
	for _, s := range all[:min(len(all), largestMax)] {
		words = append(words, fmt.Sprintf("%s %d%s", s.name, s.count, s.more))
	}
	return words
}

// largestTypes are those with the most methods.
func (p *pkg) largestTypes() []string {
	counts := map[string]int{}
	for _, object := range p.info.Defs {
		function, ok := object.(*types.Func)
		if !ok || function.Signature().Recv() == nil {
			continue
		}
		receiver := function.Signature().Recv().Type()
		if pointer, ok := receiver.(*types.Pointer); ok {
			receiver = pointer.Elem()
		}
		if named, ok := receiver.(*types.Named); ok && !types.IsInterface(named) {
			counts[named.Obj().Name()]++
		}
	}
	var all []sized
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, sized{name: name, count: counts[name]})
	}
	return largest(all)
}

// largestStructs are those with the most fields, with how many of these are booleans.
func (p *pkg) largestStructs() []string {
	var all []sized
	for _, name := range p.types.Scope().Names() {
		object, ok := p.types.Scope().Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		structure, ok := object.Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		booleans := 0
		for field := range structure.Fields() {
			if basic, ok := field.Type().Underlying().(*types.Basic); ok && basic.Kind() == types.Bool {
				booleans++
			}
		}
		all = append(all, sized{name, structure.NumFields(), fmt.Sprintf(" (%d booleans)", booleans)})
	}
	return largest(all)
}
