package config

// Listens may compare modes.
func (m Mode) Listens() bool { return m != ModeNone }
