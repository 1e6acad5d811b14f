// Package page makes what the benches print and write: tables in two forms, figures in words, sections of a document that a run
// replaces. It knows nothing of what is measured.
package page

import (
	"fmt"
	"math"
)

// Figure is a number with so many decimals, and a dash for one that was not measured.
func Figure(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.*f", decimals, v)
}

// Count is a figure of what happens a few times for each request; 0 was not counted.
func Count(v float64) string {
	if v == 0 {
		return "–"
	}
	return Figure(v, 2)
}

// Percent is a share in whole percents.
func Percent(v float64) string { return Figure(v*100, 0) + " %" }

// Share is how a time divides between user and system, from the share of the former.
func Share(user float64) string {
	if math.IsNaN(user) {
		return "–"
	}
	return fmt.Sprintf("%.0f:%.0f", user*100, 100-user*100)
}

// Mega are bytes in millions.
func Mega(bytes int64) string { return Figure(float64(bytes)/1e6, 1) }
