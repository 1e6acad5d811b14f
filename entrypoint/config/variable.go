package config

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Variable is one entry of the reference.
type Variable struct {
	Name    string `json:"name"`
	Group   string `json:"group"`             // fleet, front door, mode init or operations
	Type    string `json:"type"`              // what it accepts, with its limits
	Default string `json:"default,omitempty"` // in Markdown: a value as code, or words where it is worked out
	Meaning string `json:"meaning"`           // in Markdown, with its unit
	Example string `json:"example"`           // a value
	Secret  bool   `json:"secret,omitempty"`  // its value is never shown, and never handed to a worker

	Effect Effect `json:"-"` // what a change takes
	Change string `json:"-"` // what becomes of a change, in words
}

// Reference lists every variable that percore reads, in the order of Config's fields.
func Reference() []Variable {
	var list []Variable
	for _, v := range variablesOf(new(Config)) {
		list = append(list, v.entry())
	}
	return list
}

// ProgramVariables lists the names, for the fleet proper, of the variables that each further program has, too.
func ProgramVariables() []string {
	var list []string
	for _, v := range variablesOf(new(Program)) {
		list = append(list, v.name)
	}
	return list
}

// variable ties a name to the field of a struct that holds its value, and to that field's tags.
type variable struct {
	name  string        // as users know it
	key   string        // as the tag has it; another only for a further program
	field reflect.Value // addressable
	tags  reflect.StructTag

	// What the structs say in which the field is embedded.
	group, process string
	inherited      bool
}

// variablesOf lists the tagged fields of the struct that spec points to, and those of the structs embedded in it.
func variablesOf(spec any) []variable { return fieldsOf(reflect.ValueOf(spec).Elem(), variable{}) }

// fieldsOf lists the fields of one struct; around is what those say that it is in.
func fieldsOf(s reflect.Value, around variable) []variable {
	var list []variable
	for i := range s.NumField() {
		field := s.Type().Field(i)
		v := around
		v.field, v.tags = s.Field(i), field.Tag
		v.inherited = around.inherited || field.Tag.Get("inherited") == "true"
		v.group, v.process = cmp.Or(field.Tag.Get("group"), around.group), cmp.Or(field.Tag.Get("process"), around.process)
		if field.Anonymous {
			list = append(list, fieldsOf(s.Field(i), v)...)
		} else if name := field.Tag.Get("envconfig"); name != "" {
			v.name, v.key = name, name
			list = append(list, v)
		}
	}
	return list
}

func (v variable) secret() bool { return v.tags.Get("secret") == "true" }

// choices are the words of an enumeration; none for any other type.
func (v variable) choices() []string {
	if enum, is := v.field.Interface().(interface{ Choices() []string }); is {
		return enum.Choices()
	}
	return nil
}

// value is the field in the form that it is read in, whether secret or not.
func (v variable) value() string {
	return fmt.Sprint(v.field.Interface())
}

// shown is value, or a mask of constant length.
func (v variable) shown(value string) string {
	if v.secret() && value != "" {
		return mask
	}
	return value
}

// parse reads text as a value of the variable's type, to compare with, without changing the variable.
func (v variable) parse(text string) (reflect.Value, error) {
	fresh := reflect.New(v.field.Type())
	reader, ok := fresh.Interface().(encoding.TextUnmarshaler)
	if !ok {
		return reflect.Value{}, fmt.Errorf("parse %s: %s reads no text", v.name, v.field.Type())
	}
	if err := reader.UnmarshalText([]byte(text)); err != nil {
		return reflect.Value{}, fmt.Errorf("parse %s: %w", v.name, err)
	}
	return fresh.Elem(), nil
}

// description is what users read of one variable.
type description struct{ name, meaning, byDefault, fixed string }

// describe finds what is said of the variable with this key; nothing of one that is none of ours.
func describe(key string) description {
	byName := func(d description, name string) int { return strings.Compare(d.name, name) }
	if i, found := slices.BinarySearchFunc(prose[:], key, byName); found {
		return prose[i]
	}
	return description{}
}

// entry is the variable's in the reference.
func (v variable) entry() Variable {
	said := describe(v.key)
	byDefault := said.byDefault
	if d := v.tags.Get("default"); byDefault == "" && d != "" {
		byDefault = "`" + d + "`"
	}
	return Variable{
		Name:    v.name,
		Group:   v.group,
		Type:    v.syntax(),
		Default: byDefault,
		Meaning: said.meaning,
		Example: v.tags.Get("example"),
		Secret:  v.secret(),
		Effect:  v.effect(),
		Change:  v.change(),
	}
}

// syntax says in words what the variable accepts.
func (v variable) syntax() string {
	if choices := v.choices(); choices != nil {
		return "`" + strings.Join(choices, "`, `") + "`"
	}
	typed, ok := v.field.Interface().(interface{ Syntax() string })
	if !ok {
		return "text"
	}
	lowest, highest := v.tags.Get("min"), v.tags.Get("max")
	switch {
	case lowest == "0.001": // only there to rule out 0
		return typed.Syntax() + " above 0"
	case lowest != "" && highest != "":
		return fmt.Sprintf("%s, %s to %s", typed.Syntax(), lowest, highest)
	case lowest != "":
		return typed.Syntax() + ", at least " + lowest
	case highest != "":
		return typed.Syntax() + ", at most " + highest
	default:
		return typed.Syntax()
	}
}
