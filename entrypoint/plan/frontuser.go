package plan

import (
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/reaper"
)

// The front door's user must be its own alone: a process of the same user may take its memory, its listeners and its
// link to PID 1 (man 2 ptrace). This is about the workers, whose code is what strangers attack.

// frontUID is the overflow id, which every distribution gives to the user nobody; it needs no /etc/passwd in the
// image.
const frontUID = 65534

// errNoFreeUser cannot come about with fewer than sixty thousand users.
var errNoFreeUser = errors.New("no user is free for the front door; choose one with PERCORE_FRONT_USER")

// chooseFront finds the user of the front door, once the workers' are known.
func (p *Plan) chooseFront(cfg *config.Config) (err error) {
	chosen := cfg.IsSet("PERCORE_FRONT_USER")
	switch {
	case p.on.uid != 0:
		p.Front, err = Lookup("PERCORE_FRONT_USER", cfg.FrontUser)
		p.notes = append(p.notes, fmt.Sprintf("the front door and the workers share uid %d, as percore is not "+
			"root: a worker that is broken into can stop the front door", p.on.uid))
		return err
	case !p.on.maySwitch() && chosen:
		return fmt.Errorf("PERCORE_FRONT_USER=%s: this container lacks the capabilities SETUID and SETGID; add "+
			"them, as in docker run --cap-add SETUID --cap-add SETGID, or unset the variable", cfg.FrontUser)
	case !p.on.maySwitch():
		p.notes = append(p.notes, "the front door keeps percore's user: this container lacks the capabilities "+
			"SETUID and SETGID")
		return nil
	case !chosen && isWorkers(frontUID, p.Users):
		id, err := freeID(p.Users)
		if err != nil {
			return err
		}
		cfg.ChooseFrontUser(value.User(id+":"+id), fmt.Sprintf("percore runs as root, and the workers are %d",
			frontUID))
	}
	p.Front, err = Lookup("PERCORE_FRONT_USER", cfg.FrontUser)
	if err == nil && p.Front != nil && isWorkers(p.Front.UID, p.Users) {
		return fmt.Errorf("PERCORE_FRONT_USER=%s: is a worker's user as well, and such a worker could take the "+
			"front door's connections; choose another, or unset it", cfg.FrontUser)
	}
	return err
}

// KeepFront makes the plan of an update go by the user that the front door has for life.
func (p *Plan) KeepFront(cfg, current *config.Config, front *reaper.Credential) error {
	p.Front = front
	if cfg.IsSet("PERCORE_FRONT_USER") {
		return nil // an update that asks for another is refused
	}
	cfg.ChooseFrontUser(current.FrontUser, current.Setting("PERCORE_FRONT_USER").Reason)
	if front != nil && p.on.uid == 0 && isWorkers(front.UID, p.Users) {
		return fmt.Errorf("uid %d is the front door's, which keeps it as long as the container runs; choose "+
			"another user, or start a new container", front.UID)
	}
	return nil
}

// isWorkers reports whether a uid is that of some program; nil is percore's own user, root.
func isWorkers(uid uint32, users []*reaper.Credential) bool {
	return slices.ContainsFunc(users, func(c *reaper.Credential) bool {
		return c == nil && uid == 0 || c != nil && c.UID == uid
	})
}

// freeID is a number, in digits, that is neither a user's nor a group's, of this image or of a program. It is below
// the overflow id, because a user namespace seldom maps more.
func freeID(users []*reaper.Credential) (string, error) {
	for id := uint32(frontUID - 1); id > 1000; id-- {
		text := strconv.FormatUint(uint64(id), 10)
		_, userErr := user.LookupId(text)
		_, groupErr := user.LookupGroupId(text)
		if userErr != nil && groupErr != nil && !isWorkers(id, users) && !isGroup(id, users) {
			return text, nil
		}
	}
	return "", errNoFreeUser
}

func isGroup(gid uint32, users []*reaper.Credential) bool {
	return slices.ContainsFunc(users, func(c *reaper.Credential) bool {
		return c != nil && (c.GID == gid || slices.Contains(c.Groups, gid))
	})
}
