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

// variable ties a name to the field of a struct that holds its value, and to that field's tags.
type variable struct {
	name  string        // as users know it
	key   string        // as the tag has it; another only for a further program
	field reflect.Value // addressable
	tags  reflect.StructTag

	*surroundings
}

// surroundings is what the structs say in which a field is embedded; the fields of one struct share it.
type surroundings struct {
	group, process string
	inherit        bool // a further program that has no value of its own takes the fleet's
}

// within is what the tags of an embedded struct make of it.
func (s *surroundings) within(tags reflect.StructTag) *surroundings {
	return &surroundings{
		group:   cmp.Or(tags.Get("group"), s.group),
		process: cmp.Or(tags.Get("process"), s.process),
		inherit: s.inherit || isInherited(tags),
	}
}

func isInherited(tags reflect.StructTag) bool { return tags.Get("inherited") == "true" }

// variablesMax is about as many variables as Config has.
const variablesMax = 128

// variablesOf lists the tagged fields of the struct that spec points to, and those of the structs embedded in it.
func variablesOf(spec any) []variable {
	return appendFields(make([]variable, 0, variablesMax), reflect.ValueOf(spec).Elem(), &surroundings{})
}

// appendFields lists the fields of one struct; around is what those say that it is in.
func appendFields(list []variable, s reflect.Value, around *surroundings) []variable {
	for i := range s.NumField() {
		field := s.Type().Field(i)
		if field.Anonymous {
			list = appendFields(list, s.Field(i), around.within(field.Tag))
		} else if name := field.Tag.Get("envconfig"); name != "" {
			list = append(list, variable{name: name, key: name, field: s.Field(i), tags: field.Tag, surroundings: around})
		}
	}
	return list
}

// inherited reports whether a further program that has no value of its own takes the fleet's.
func (v variable) inherited() bool { return v.inherit || isInherited(v.tags) }

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

func (v variable) effect() Effect { return Effect(v.tags.Get("effect")) }

// change says what becomes of a change of the variable.
func (v variable) change() string {
	words := v.effect().Words()
	switch {
	case v.effect() == Container:
		return words + ": " + cmp.Or(describe(v.key).fixed, "PID 1 reads it when it starts")
	case v.effect() == Live && v.process == ProcessFront:
		return words + ", for new requests"
	default:
		return words
	}
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
