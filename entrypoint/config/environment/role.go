package environment

import "strings"

// Role is what a percore process was started as by another percore, rather than by a user.
type Role string

// The roles that PID 1 starts its own binary in.
const (
	RoleUser       Role = "" // by a user: the arguments decide
	RoleFront      Role = "front"
	RoleDemoWorker Role = "demo-worker"

	// RoleShim is followed by the state that the shim of mode init puts right (package single).
	RoleShim Role = "shim-"
)

// roleName is private between percore processes; it is no setting and never reaches a worker that is not ours.
const roleName = "PERCORE_ROLE"

// RoleOf reads the role out of an environment in os.Environ's form.
func RoleOf(environ []string) Role {
	for _, entry := range environ {
		if value, ours := strings.CutPrefix(entry, roleName+"="); ours {
			return Role(value)
		}
	}
	return RoleUser
}

// Shim gives the state of the shim, if that is what r is.
func (r Role) Shim() (state string, is bool) { return strings.CutPrefix(string(r), string(RoleShim)) }

// Assignment is the environment entry that gives a child this role.
func (r Role) Assignment() string { return roleName + "=" + string(r) }
