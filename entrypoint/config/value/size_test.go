package value_test

import (
	"testing"

	"percore/entrypoint/config/value"
)

func TestSize(t *testing.T) {
	readAll[value.Size](t, []reading{
		{name: "bare bytes", text: "1000", want: "1000"},
		{name: "nothing", text: "0", want: "0"},
		{name: "bytes by name", text: "12B", want: "12"},
		{name: "K is 1024, as nginx has it", text: "64k", want: "64KB"},
		{name: "KB is 1024 too", text: "64KB", want: "64KB"},
		{name: "KiB is 1024", text: "64KiB", want: "64KB"},
		{name: "M", text: "50M", want: "50MB"},
		{name: "MB in lower case", text: "50mb", want: "50MB"},
		{name: "MiB", text: "1MiB", want: "1MB"},
		{name: "G", text: "2g", want: "2GB"},
		{name: "GiB", text: "1GiB", want: "1GB"},
		{name: "a space before the unit", text: "1 GB", want: "1GB"},
		{name: "1024 megabytes are a gigabyte", text: "1024MB", want: "1GB"},
		{name: "bytes that make a kilobyte", text: "65536", want: "64KB"},
		{name: "a unit alone", text: "MB", err: "not a size"},
		{name: "a fraction", text: "1.5MB", err: "not a size"},
		{name: "a negative number", text: "-1", err: "not a size"},
		{name: "an unknown unit", text: "1XB", err: "not a size"},
		{name: "a unit before the number", text: "MB1", err: "not a size"},
		{name: "more than fits", text: "9223372036854775808", err: "8 EiB"},
		{name: "more than fits once the unit counts", text: "9223372036G", err: "8 EiB"},
	})
}
