package plan

import (
	"golang.org/x/sys/unix"

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

func (e *SettingError) Error() string { return e.Name + "=" + e.Value + ": " + e.Err.Error() }

func (e *SettingError) Unwrap() error { return e.Err }

// maySwitchUser tells whether the kernel will let a child have another user (man 7 capabilities).
func maySwitchUser() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return true // let the attempt tell
	}
	const need = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	return sets[0].Effective&need == need
}
