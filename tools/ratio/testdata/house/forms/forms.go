// Package forms has no test.
package forms
