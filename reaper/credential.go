package reaper

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// Credential is the user a child runs as.
type Credential struct {
	UID, GID uint32
	Groups   []uint32 // supplementary groups; replaced even when empty
	Name     string   // for USER and LOGNAME; the uid in digits when the system does not know it
	Home     string   // for HOME; "/" when the system does not know the user
}

// LookupUser reads "name", "uid", "name:group" or "uid:gid" (USER in docs of supervisord and Docker). Numbers
// need no entry in /etc/passwd, which an image may not have at all, but a lone uid then has no group, and that
// is an error: the usual answer, group 0, would hand out root's group. With a group given there
// are no supplementary groups, as with Docker.
func LookupUser(spec string) (Credential, error) {
	userPart, groupPart, hasGroup := strings.Cut(spec, ":")
	account, err := lookupAccount(userPart)
	if err != nil {
		return Credential{}, fmt.Errorf("look up user %q: %w", userPart, err)
	}
	c := account.credential
	if hasGroup {
		gid, err := lookupGroup(groupPart)
		if err != nil {
			return Credential{}, fmt.Errorf("look up group %q: %w", groupPart, err)
		}
		c.GID, c.Groups = gid, []uint32{gid}
		return c, nil
	}
	if account.entry == nil {
		return Credential{}, fmt.Errorf("look up user %q: not in /etc/passwd, so its group must be named, as in %s:%s",
			userPart, userPart, userPart)
	}
	c.Groups, err = supplementaryGroups(account.entry)
	if err != nil {
		return Credential{}, fmt.Errorf("look up groups of user %q: %w", userPart, err)
	}
	return c, nil
}

// account is a user with its entry in /etc/passwd, if there is one.
type account struct {
	credential Credential
	entry      *user.User
}

func lookupAccount(name string) (account, error) {
	entry, err := user.Lookup(name)
	uid, numeric := parseID(name)
	if err != nil && numeric {
		entry, err = user.LookupId(name)
		if err != nil {
			return account{credential: Credential{UID: uid, Name: name, Home: "/"}}, nil
		}
	}
	if err != nil {
		return account{}, unwrapPath(err)
	}
	uid, uidOK := parseID(entry.Uid)
	gid, gidOK := parseID(entry.Gid)
	if !uidOK || !gidOK {
		return account{}, fmt.Errorf("uid %q or gid %q is not a number", entry.Uid, entry.Gid)
	}
	c := Credential{UID: uid, GID: gid, Name: entry.Username, Home: entry.HomeDir}
	if c.Home == "" {
		c.Home = "/"
	}
	return account{credential: c, entry: entry}, nil
}

func lookupGroup(name string) (uint32, error) {
	if gid, numeric := parseID(name); numeric {
		return gid, nil
	}
	entry, err := user.LookupGroup(name)
	if err != nil {
		return 0, unwrapPath(err)
	}
	gid, ok := parseID(entry.Gid)
	if !ok {
		return 0, fmt.Errorf("gid %q is not a number", entry.Gid)
	}
	return gid, nil
}

func supplementaryGroups(entry *user.User) ([]uint32, error) {
	ids, err := entry.GroupIds()
	if err != nil {
		return nil, err
	}
	groups := make([]uint32, 0, len(ids))
	for _, id := range ids {
		if gid, ok := parseID(id); ok {
			groups = append(groups, gid)
		}
	}
	return groups, nil
}

// current reports whether this process already is that user and has that group.
func (c *Credential) current() bool {
	return os.Geteuid() != 0 && int(c.UID) == os.Geteuid() && int(c.GID) == os.Getegid()
}

// parseID refuses the largest number: (uid_t) -1 means "leave unchanged" to the kernel (man 2 setresuid).
func parseID(s string) (uint32, bool) {
	id, err := strconv.ParseUint(s, 10, 32)
	return uint32(id), err == nil && id != 1<<32-1
}

// unwrapPath shortens os/user's errors, which repeat the name that ours give already.
func unwrapPath(err error) error {
	var unknownUser user.UnknownUserError
	var unknownGroup user.UnknownGroupError
	if errors.As(err, &unknownUser) || errors.As(err, &unknownGroup) {
		return errors.New("no such name")
	}
	return err
}
