package value

// MeantError is what is wrong with a text, and the one that was probably meant, if there is a guess.
type MeantError struct{ What, Value string }

// Error is what is wrong; the value that was meant goes into the remedy.
func (e *MeantError) Error() string { return e.What }
