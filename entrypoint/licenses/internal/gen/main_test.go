package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The beginnings of three licenses, by which they are known.
const (
	mit    = "Permission is hereby granted, free of charge, to any person obtaining a copy\nof this software"
	bsd    = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted"
	apache = "                                 Apache License\n                           Version 2.0, January 2004"
)

// folder has these files: a module's, as far as they matter here.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestALicenseIsKnownByItsWords(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"MIT":                             {mit, "MIT"},
		"BSD":                             {"Copyright (c) The Authors\n\n" + bsd, "BSD-3-Clause"},
		"Apache":                          {apache, "Apache-2.0"},
		"words on other lines":            {strings.ReplaceAll(mit, " ", "\n\t"), "MIT"},
		"Apache's, with BSD parts":        {apache + "\n" + bsd, "Apache-2.0"},
		"a license that is a decision":    {"GNU GENERAL PUBLIC LICENSE Version 3", ""},
		"the name alone is not the terms": {"MIT License", ""},
		"nothing":                         {"", ""},
	} {
		got, err := licenseOf(c.text)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: got %q and error %v, want %q", name, got, err, c.want)
		}
	}
}

func TestTheTextsOfAModuleAreItsLicenseAndWhatGoesWithIt(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"in the order of their kinds": {
			map[string]string{"PATENTS": "patents\n", "NOTICE.txt": "notice", "LICENSE": "\nlicense\n\n", "COPYING": "copying"},
			"license\n\ncopying\n\nnotice\n\npatents",
		},
		"several of a kind":  {map[string]string{"LICENSE.MIT": "one", "LICENSE-APACHE": "two"}, "two\n\none"},
		"lines as on Unix":   {map[string]string{"LICENSE.md": "a\r\nb\r\n"}, "a\nb"},
		"and nothing beside": {map[string]string{"README": "no", "license.go": "no", "MY-LICENSE": "no"}, ""},
	} {
		got, err := module{Dir: folder(t, c.files)}.texts()
		if err != nil || got != c.want {
			t.Errorf("%s: got %q and error %v, want %q", name, got, err, c.want)
		}
	}
}

func TestATextThatCannotBeReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "LICENSES"), 0o755); err != nil { // a folder, as some modules have it
		t.Fatal(err)
	}
	if _, err := (module{Dir: dir}).texts(); err == nil {
		t.Error("a folder of that name: got no error, want one: its licenses would be missing")
	}
	if _, err := (module{Dir: "[" + dir}).texts(); err == nil {
		t.Error("a folder that is no pattern: got no error, want one")
	}
}

func TestThePageListsEveryModuleAndThenItsText(t *testing.T) {
	modules := []module{
		{Path: "the Go runtime", Dir: folder(t, map[string]string{"LICENSE": bsd})},
		{Path: "example.org/one", Version: "v1.2.3", Dir: folder(t, map[string]string{"LICENSE": mit, "NOTICE": "a notice"})},
	}
	var page bytes.Buffer
	if err := write(&page, modules); err != nil {
		t.Fatal(err)
	}
	list, texts, found := strings.Cut(page.String(), strings.Repeat("=", 78))
	if !found {
		t.Fatalf("got %s, want a line before the texts", page.String())
	}
	for _, want := range []string{"  the Go runtime (BSD-3-Clause)\n  example.org/one v1.2.3 (MIT)\n", "MPL-2.0"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list: got\n%s\nwant %q in it", list, want)
		}
	}
	want := "\nthe Go runtime\n\n" + bsd + "\n\n" + strings.Repeat("=", 78) + "\nexample.org/one v1.2.3\n\n" + mit + "\n\na notice\n"
	if texts != want {
		t.Errorf("the texts: got\n%q\nwant\n%q", texts, want)
	}
}

func TestAModuleWithoutALicenseThatPercoreKnowsEndsIt(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no license":      {"README": mit},
		"another license": {"COPYING": "GNU GENERAL PUBLIC LICENSE"},
	} {
		var page bytes.Buffer
		err := write(&page, []module{{Path: "example.org/odd", Dir: folder(t, files)}})
		if err == nil || !strings.Contains(err.Error(), "example.org/odd") || page.Len() > 0 {
			t.Errorf("%s: got error %v and %d bytes, want the module named and no page", name, err, page.Len())
		}
	}
}

// errBroken is what a file on a full disk says.
var errBroken = errors.New("no space left")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAPageThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := write(broken{}, nil); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	if err := run([]string{filepath.Join(t.TempDir(), "none", "page")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: got %v, want %v", err, fs.ErrNotExist)
	}
	for _, args := range [][]string{nil, {"a", "b"}} {
		if err := run(args); err == nil {
			t.Errorf("arguments %q: got no error, want one", args)
		}
	}
}

// What is linked comes from the packages; go.mod names modules for the tests and the tools too.
func TestLinkedIsWhatTheBinaryHasPackagesOf(t *testing.T) {
	list, err := linked()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(list[0].Dir, "src", "runtime")); err != nil || list[0].Version != "" {
		t.Errorf("the first: got %+v (%v), want Go itself", list[0], err)
	}
	var paths []string
	for _, m := range list[1:] {
		if paths = append(paths, m.Path); !strings.HasPrefix(m.Version, "v") || m.Dir == "" || strings.HasPrefix(m.Path, "percore") {
			t.Errorf("got %+v, want another module with version and folder", m)
		}
	}
	if !slices.IsSorted(paths) || len(slices.Compact(slices.Clone(paths))) != len(paths) || !slices.Contains(paths, "golang.org/x/sys") {
		t.Errorf("got %q, want each once in order, golang.org/x/sys among them", paths)
	}
}

func TestTheFileOfTheRepositoryIsWhatIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	if err := run([]string{path}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../THIRD_PARTY_LICENSES")
	if err != nil {
		t.Fatal(err)
	}
	heads := regexp.MustCompile(`(?m)^  \S.*$`) // Go's own text may differ with its version
	if g, w := heads.FindAllString(string(got), -1), heads.FindAllString(string(want), -1); !slices.Equal(g, w) {
		t.Errorf("got %q, want %q: go generate ./entrypoint/licenses", g, w)
	}
}

func TestTheGoToolsErrorNamesWhatWasAsked(t *testing.T) {
	if _, err := goTool("list", "-deps", "percore/no/such/package"); err == nil || !strings.Contains(err.Error(), "no/such/package") {
		t.Errorf("got %v, want an error that names the package", err)
	}
}
