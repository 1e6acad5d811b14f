package environment_test

import (
	"testing"

	"percore/entrypoint/config/environment"
)

func TestTheShimsStateComesWithItsRole(t *testing.T) {
	for text, want := range map[string]string{"shim-200,1000": "200,1000", "shim-": ""} {
		if got, is := environment.Role(text).Shim(); got != want || !is {
			t.Errorf("Shim of %q: got %q and %v, want %q and true", text, got, is, want)
		}
	}
	for _, other := range []environment.Role{environment.RoleUser, environment.RoleFront, environment.RoleDemoWorker} {
		if _, is := other.Shim(); is {
			t.Errorf("Shim of %q: got true, want false", other)
		}
	}
}

func TestARoleIsToldByItsAssignment(t *testing.T) {
	for _, role := range []environment.Role{environment.RoleFront, environment.RoleDemoWorker, "shim-7"} {
		environ := []string{"PATH=/bin", role.Assignment(), "HOME=/"}
		if got := environment.RoleOf(environ); got != role {
			t.Errorf("%s: got role %q of %q", role, got, environ)
		}
	}
	for name, environ := range map[string][]string{
		"no environment":          nil,
		"no role":                 {"PATH=/bin"},
		"a name that is longer":   {"PERCORE_ROLES=front"},
		"an entry without a sign": {"PERCORE_ROLE"},
		"an empty one":            {"PERCORE_ROLE="},
	} {
		if got := environment.RoleOf(environ); got != environment.RoleUser {
			t.Errorf("%s: got role %q, want a user's", name, got)
		}
	}
	if got := environment.RoleOf([]string{"PERCORE_ROLE=front", "PERCORE_ROLE=demo-worker"}); got != environment.RoleFront {
		t.Errorf("two roles: got %q, want the first", got)
	}
}
