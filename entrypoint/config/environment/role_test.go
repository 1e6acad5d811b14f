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
