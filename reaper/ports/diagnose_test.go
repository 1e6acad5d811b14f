package ports

import "testing"

func TestWhatWorkersAreDiagnosedWith(t *testing.T) {
	const port, expected = 8000, "127.0.0.1:8000"
	foreign := func(int, []int) Verdict { return Foreign }
	unknown := func(int, []int) Verdict { return Unknown }
	for name, c := range map[string]struct {
		found        []string
		whose        func(int, []int) Verdict
		full, public string
	}{
		"slow, but not wrong":   {nil, unknown, "", ""},
		"where it should be":    {[]string{expected, "127.0.0.1:9100"}, unknown, "", ""},
		"everywhere":            {[]string{"0.0.0.0:8000"}, unknown, "", ""},
		"everywhere, with IPv6": {[]string{"[::]:8000"}, unknown, "", ""},
		"another port": {
			[]string{"127.0.0.1:9000"},
			unknown, "listens on 127.0.0.1:9000 instead of 127.0.0.1:8000",
			"listens on 127.0.0.1:9000 instead of 127.0.0.1:8000",
		},
		"another address": {
			[]string{"[::1]:8000"},
			unknown, "listens on [::1]:8000 instead of 127.0.0.1:8000",
			"listens on [::1]:8000 instead of 127.0.0.1:8000",
		},
		"a socket": {
			[]string{"unix:/run/x"},
			unknown, "listens on unix:/run/x instead of 127.0.0.1:8000",
			"listens on a unix socket instead of 127.0.0.1:8000",
		},
		"another process in its place": {
			nil, foreign, "listens on nothing instead of 127.0.0.1:8000, where pid 77 (python3) does",
			"listens on nothing instead of 127.0.0.1:8000, where another process does",
		},
		"both": {
			[]string{"127.0.0.1:9000"},
			foreign,
			"listens on 127.0.0.1:9000 instead of 127.0.0.1:8000, where pid 77 (python3) does",
			"listens on 127.0.0.1:9000 instead of 127.0.0.1:8000, where another process does",
		},
		"more than a line can bear": {
			[]string{"a", "b", "c", "d"},
			unknown, "listens on a, b, c instead of 127.0.0.1:8000",
			"listens on a, b, c instead of 127.0.0.1:8000",
		},
	} {
		l := Look{Whose: c.whose, Named: func(int) string { return "pid 77 (python3)" }, Of: func([]int) []string { return c.found }}
		if got := l.Diagnose([]int{7}, expected, port); got != (Diagnosis{Public: c.public, Full: c.full}) {
			t.Errorf("%s: got %+v, want %q and %q", name, got, c.full, c.public)
		}
	}
}
