package plan

import (
	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/reaper"
)

// lookupUsers finds the users of all programs.
func (p *Plan) lookupUsers(cfg *config.Config) error {
	user, err := Lookup("PERCORE_USER", cfg.User)
	if err != nil {
		return err
	}
	p.Users = append(p.Users, user)
	for _, f := range cfg.Further {
		if user, err = Lookup(f.Variable("PERCORE_USER"), f.User); err != nil {
			return err
		}
		p.Users = append(p.Users, user)
	}
	return nil
}

// Lookup finds the user that a variable names; nil is percore's own. The error is a *SettingError.
func Lookup(variable string, user value.User) (*reaper.Credential, error) {
	if user == "" {
		return nil, nil
	}
	c, err := reaper.LookupUser(string(user))
	if err != nil {
		return nil, &SettingError{variable, string(user), err}
	}
	return &c, nil
}

// SettingError is what the machine has against the value of a variable.
type SettingError struct {
	Name, Value string
	Err         error
}

// Error is the setting as it was written, and what is wrong with it.
func (e *SettingError) Error() string { return e.Name + "=" + e.Value + ": " + e.Err.Error() }

// Unwrap is what is wrong, alone.
func (e *SettingError) Unwrap() error { return e.Err }
