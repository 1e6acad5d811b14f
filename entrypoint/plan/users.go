package plan

import (
	"os"

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
		return nil, &SettingError{Name: variable, Value: string(user), Err: err}
	}
	return &c, nil
}

// As does something with the file rights of a user, where there is one and percore may; nil is percore's own.
func As(user *reaper.Credential, do func() error) error {
	if user == nil || os.Getuid() != 0 {
		return do()
	}
	var result error
	if err := reaper.AsUser(user, func() error { result = do(); return nil }); err != nil {
		return do()
	}
	return result
}

// SettingError is what the machine has against the value of a variable.
type SettingError struct {
	Name, Value string
	Err         error
	Mend        string // what to do about it; may be empty
}

// Error is the setting as it was written, what is wrong with it, and what to do about it.
func (e *SettingError) Error() string {
	text := e.Name + "=" + e.Value + ": " + e.Err.Error()
	if e.Mend != "" {
		text += "; " + e.Mend
	}
	return text
}

// Unwrap is what is wrong, alone.
func (e *SettingError) Unwrap() error { return e.Err }
