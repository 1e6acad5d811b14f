// Package value has the types of percore's variables. Each reads and writes its own text form: UnmarshalText says
// what is wrong with a text, String gives the form that reads as the same value again, and Syntax says in a few words
// what is accepted.
//
// Nothing here knows a variable by its name, or where a text comes from: package config does.
package value
