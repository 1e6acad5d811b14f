package value_test

import (
	"fmt"

	"percore/entrypoint/config/value"
)

func ExampleDuration() {
	var d value.Duration
	for _, text := range []string{"90", "0.25", "1h", "soon"} {
		if err := d.UnmarshalText([]byte(text)); err != nil {
			fmt.Println(text, err)
			continue
		}
		fmt.Println(text, "is", d)
	}
	// Output:
	// 90 is 1m30s
	// 0.25 is 250ms
	// 1h is 1h
	// soon is not a duration: write seconds, or units as in 1m30s
}

func ExampleSize() {
	var s value.Size
	for _, text := range []string{"65536", "64k", "1 GiB", "1000"} {
		if err := s.UnmarshalText([]byte(text)); err != nil {
			fmt.Println(text, err)
			continue
		}
		fmt.Println(text, "is", s)
	}
	// Output:
	// 65536 is 64KB
	// 64k is 64KB
	// 1 GiB is 1GB
	// 1000 is 1000
}

func ExampleMode_Facts() {
	for _, word := range value.Mode("").Choices() {
		facts := value.Mode(word).Facts()
		fmt.Printf("%s: fleet %t, listens %t\n", word, facts.Fleet, facts.Listens)
	}
	// Output:
	// http: fleet true, listens true
	// none: fleet true, listens false
	// init: fleet false, listens false
}

func ExampleCommandOf() {
	command := value.CommandOf([]string{"sh", "-c", "exec app --port={port}"})
	fmt.Println(command)
	// Output: sh -c 'exec app --port={port}'
}
