// Command gen writes the configuration reference to the file it is given. Run it by `go generate ./entrypoint/config`.
package main

import (
	"bytes"
	"fmt"
	"os"

	"percore/entrypoint/config/reference"
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
	var page bytes.Buffer
	if err := reference.Markdown(&page); err != nil {
		return fmt.Errorf("write reference: %w", err)
	}
	return os.WriteFile(args[0], page.Bytes(), 0o644)
}
