// Command floors measures how the files of a package lean on one another, and how big its parts are.
//
//	go run -C tools ./floors [-v] [-max PERCENT] ../reaper/fleet ../lbproxy/...
//
// A package's doc.go may tell the order in which its files are meant to be read, as a list in the package comment
// behind a line that begins with "Floors" and ends with a colon, top first:
//
//	// Floors, top first:
//	//
//	//   - fleet, run: the door and the loop
//	//   - worker
//
// A name is a file's without its .go; what follows a colon is for readers. A file uses files that come later in the
// list: further right in its line, or further down. A use is a pair of files of which one names what the other
// declares, at package level or as a method. A use of a file that comes earlier runs upwards. With -max the command
// fails where more than so many percent of the uses do, or where a file is missing in the list, and tells of those
// packages alone.
package main

import (
	"flag"
	"fmt"
	"os"
)

// noLimit is a share that no package exceeds.
const noLimit = 100

func main() {
	verbose := flag.Bool("v", false, "print each use that runs upwards, with the names")
	percentMax := flag.Int("max", noLimit, "fail where more than so many `percent` of the uses run upwards")
	flag.Parse()
	folders := flag.Args()
	if len(folders) == 0 {
		folders = []string{"../..."}
	}
	failed := false
	for _, folder := range folders {
		packages, err := load(folder)
		if err != nil {
			fmt.Fprintln(os.Stderr, "floors:", err)
			os.Exit(1)
		}
		for _, p := range packages {
			report, ok := p.report(*verbose, *percentMax)
			if !ok || *percentMax == noLimit {
				fmt.Print(report)
			}
			failed = failed || !ok
		}
	}
	if failed {
		os.Exit(1)
	}
}
