package reference

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"percore/entrypoint/config"
)

// Text writes the reference for a terminal, as `percore env` does.
func Text(w io.Writer) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	list := config.Reference()
	width := 0
	for _, v := range list {
		width = max(width, len(v.Name))
	}
	group := ""
	for _, v := range list {
		if v.Group != group {
			group = v.Group
			fmt.Fprintf(out, "%s\n", strings.ToUpper(group))
		}
		fmt.Fprintf(out, "  %-*s  %s\n", width, v.Name, plain(v.Meaning))
		fmt.Fprintf(out, "  %-*s  accepts %s", width, "", plain(v.Type))
		if v.Default != "" {
			fmt.Fprintf(out, "; default %s", plain(v.Default))
		}
		fmt.Fprintf(out, "; example %s\n", v.Example)
	}
	return out.Flush()
}

// plain drops the marks of code.
func plain(text string) string { return strings.ReplaceAll(text, "`", "") }

// JSON writes the reference as a JSON array of config.Variable, as `percore env --json` does.
func JSON(w io.Writer) error {
	list := config.Reference()
	for i, v := range list {
		list[i].Type, list[i].Default, list[i].Meaning = plain(v.Type), plain(v.Default), plain(v.Meaning)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(list)
}

// Effective writes every variable's value and where it comes from, as `percore check` does. Secrets are masked.
func Effective(w io.Writer, c *config.Config) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "VARIABLE\tVALUE\tSOURCE\n")
	for _, s := range c.Sources() {
		source := string(s.Source)
		if s.Reason != "" {
			source += " (" + s.Reason + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, oneLine(s.Value), source)
	}
	return table.Flush()
}

// oneLine keeps a value from breaking the table, and its control characters from reaching the terminal.
func oneLine(value string) string {
	if value == "" {
		return "-"
	}
	if quoted := strconv.Quote(value); len(quoted) != len(value)+2 {
		return quoted
	}
	return value
}
