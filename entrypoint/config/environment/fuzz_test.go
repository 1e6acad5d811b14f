package environment_test

import (
	"strings"
	"testing"

	"percore/entrypoint/config/environment"
)

// Whatever is in an environment, reading it takes nothing for percore's that is not, and does not fail.
func FuzzTake(f *testing.F) {
	for _, text := range []string{
		"A=1\nB=", "PERCORE_X=1\nPERCORE_PORT=tcp://1", "PERCORE_NAME=/a/b\nPERCORE_ENV_X=1", "=\n==\nPERCORE_", "\ufeffPERCORE_A=1",
		"PERCORE_WEB_SERVICE_HOST=1\nPERCORE_WEB_PORT=2",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		environ := strings.Split(text, "\n")
		taken := environment.Take(environ)
		for name, value := range taken {
			if name == "" || strings.TrimSpace(value) == "" || !strings.Contains(text, name+"=") {
				t.Errorf("%q: got %q=%q", environ, name, value)
			}
		}
		for _, name := range taken.Unknown([]string{"PERCORE_WORKERS"}) {
			if bare := strings.TrimPrefix(name, environment.ByteOrderMark); !environment.IsOurs(bare) {
				t.Errorf("%q: got the unknown name %q, which does not look like percore's", environ, name)
			}
		}
		if got := environment.ForWorkers(environ, nil); len(got) > len(environ) {
			t.Errorf("%q: got %d entries of %d", environ, len(got), len(environ))
		}
	})
}
