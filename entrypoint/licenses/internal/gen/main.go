// Command gen writes the licenses of everything that is linked into percore to the file it is given, or to stdout for -. Run it by
// `go generate ./entrypoint/licenses` after a change of go.mod or of Go's own version.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("read arguments: got %d, want the file to write", len(args))
	}
	modules, err := linked()
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := write(&page, modules); err != nil {
		return err
	}
	if args[0] == "-" {
		_, err = page.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(args[0], page.Bytes(), 0o644)
}

// module is something with a license.
type module struct{ Path, Version, Dir string }

// linked are the modules that the binary has packages of, with Go itself in front.
func linked() ([]module, error) {
	out, err := goTool("list", "-deps", "-json=Module", "percore/entrypoint")
	if err != nil {
		return nil, err
	}
	root, err := goTool("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	list := []module{{Path: "the Go runtime and standard library", Dir: strings.TrimSpace(string(root))}}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Module *struct {
				module
				Main bool
			}
		}
		switch err := packages.Decode(&p); {
		case errors.Is(err, io.EOF):
			slices.SortFunc(list[1:], func(a, b module) int { return strings.Compare(a.Path, b.Path) })
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("read packages: %w", err)
		case p.Module == nil || p.Module.Main || slices.Contains(list, p.Module.module):
		default:
			list = append(list, p.Module.module)
		}
	}
}

func goTool(args ...string) ([]byte, error) {
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// write is the whole page.
func write(w io.Writer, modules []module) error {
	var list, texts strings.Builder
	for _, m := range modules {
		text, err := m.texts()
		if err != nil {
			return err
		}
		license, err := licenseOf(text)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		name := strings.TrimSpace(m.Path + " " + m.Version)
		fmt.Fprintf(&list, "  %s (%s)\n", name, license)
		fmt.Fprintf(&texts, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 78), name, strings.TrimSpace(text))
	}
	_, err := fmt.Fprintf(w, `percore itself is under the MIT license. Its binary contains

%s
under the licenses below. Its container images have besides Mozilla's list of certification
authorities (/etc/ssl/certs/ca-certificates.crt, MPL-2.0, https://mozilla.org/MPL/2.0/).
%s`, list.String(), texts.String())
	return err
}

// texts are all that a module says about its license, one after another.
func (m module) texts() (string, error) {
	var all []string
	for _, pattern := range []string{"LICENSE*", "COPYING*", "NOTICE*", "PATENTS*"} {
		names, err := filepath.Glob(filepath.Join(m.Dir, pattern))
		if err != nil {
			return "", err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return "", err
			}
			all = append(all, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
		}
	}
	return strings.Join(all, "\n\n"), nil
}

// licenseOf knows the licenses that percore may link, by their SPDX names. Another one is a decision.
func licenseOf(text string) (string, error) {
	words := strings.Join(strings.Fields(text), " ")
	for _, known := range []struct{ words, name string }{
		{"Apache License Version 2.0", "Apache-2.0"},
		{"Permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"},
		{"Redistribution and use in source and binary forms", "BSD-3-Clause"},
	} {
		if strings.Contains(words, known.words) {
			return known.name, nil
		}
	}
	return "", errors.New("has no license that percore knows: see licenseOf")
}
