// Package hall has five lines of code.
package hall

// Lamp is on.
const Lamp = "on"
