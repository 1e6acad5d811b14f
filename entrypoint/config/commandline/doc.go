// Package commandline takes command lines apart: into words as a shell does it, to the word that tells people what
// runs, and to the placeholders that the fleet replaces for each worker. It knows no variable and runs nothing.
package commandline
