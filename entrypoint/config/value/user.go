package value

import (
	"errors"
	"strconv"
	"strings"
)

// User is a user with or without a group: name, uid, name:group or uid:gid. Only its form is checked here; whether
// they exist is found out where they are looked up. The empty User is the one that percore runs as.
type User string

// UnmarshalText takes a user as it is.
func (u *User) UnmarshalText(text []byte) error {
	user, group, hasGroup := strings.Cut(string(text), ":")
	if !isAccount(user) || hasGroup && !isAccount(group) {
		return errors.New("is not a user: write name, uid, name:group or uid:gid")
	}
	*u = User(text)
	return nil
}

// Split returns the user and the group; the group is empty when none is given.
func (u User) Split() (user, group string) {
	user, group, _ = strings.Cut(string(u), ":")
	return user, group
}

// isAccount follows shadow's useradd, and lets names begin with a digit as some directories do; a number has to be
// an id, and the highest one means "unchanged" to the kernel (man 2 setreuid).
func isAccount(name string) bool {
	if name == "" || name[0] == '-' || strings.ContainsFunc(strings.TrimSuffix(name, "$"), notInLabel) {
		return false
	}
	if strings.ContainsFunc(name, func(c rune) bool { return !isDigit(c) }) {
		return true
	}
	id, err := strconv.ParseUint(name, 10, 32)
	return err == nil && id < 1<<32-1
}

// Syntax is what UnmarshalText takes, in a few words.
func (User) Syntax() string { return "user" }
