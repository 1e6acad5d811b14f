// Command ratio counts the lines of test for each line of code, in every package of a module.
//
//	go run -C tools ./ratio [-check] [FOLDER]
//
// The folder is that of the module, by default the one above tools. A line is what wc counts; generated files and
// packages that are nothing but tests are left out. With -check only the packages that miss their bar are printed, and
// the command fails where there is one. The bars are in bars.go.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "print the packages that miss their bar alone, and fail where there is one")
	flag.Parse()
	folder := ".."
	if flag.NArg() > 0 {
		folder = flag.Arg(0)
	}
	all, err := count(folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ratio:", err)
		os.Exit(1)
	}
	if !*check {
		fmt.Print(table(all))
		return
	}
	problems := hold(all, exceptions)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}
