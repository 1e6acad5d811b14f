package config

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText writes the reference for a terminal, as `percore env` does.
func WriteText(w io.Writer) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	list := Reference()
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

// plain drops the quotes that mark code.
func plain(text string) string { return strings.ReplaceAll(text, "'", "") }

// WriteJSON writes the reference as a JSON array of Variable, as `percore env --json` does.
func WriteJSON(w io.Writer) error {
	list := Reference()
	for i, v := range list {
		list[i].Type, list[i].Default, list[i].Meaning = plain(v.Type), plain(v.Default), plain(v.Meaning)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(list)
}

// WriteEffective writes every variable's value and where it comes from, as `percore check` does. Secrets are masked.
func (c *Config) WriteEffective(w io.Writer) error {
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
