package plan

import (
	"fmt"
	"reflect"
	"slices"
)

// carry sets the fields of settings from the fields of cfg that have the same names, but for those in except. So a
// variable of the front door is a line of Config and the line that uses it.
//
// The kinds have to agree, but for the width of integers: value.Duration becomes a time.Duration, value.Size an int.
// Where two of one name do not agree it panics, whatever the configuration, so that every test of a plan shows it.
func carry(settings, cfg any, except ...string) {
	from, to := reflect.ValueOf(cfg).Elem(), reflect.ValueOf(settings).Elem()
	for _, field := range reflect.VisibleFields(to.Type()) {
		source := from.FieldByName(field.Name)
		if field.Anonymous || !source.IsValid() || slices.Contains(except, field.Name) {
			continue
		}
		if isInteger(field.Type) != isInteger(source.Type()) || !isInteger(field.Type) && field.Type.Kind() != source.Kind() {
			panic(fmt.Sprintf("plan: %s is a %s in the configuration and a %s in %s", field.Name, source.Type(),
				field.Type, to.Type()))
		}
		to.FieldByIndex(field.Index).Set(source.Convert(field.Type))
	}
}

func isInteger(t reflect.Type) bool { return t.Kind() == reflect.Int || t.Kind() == reflect.Int64 }
