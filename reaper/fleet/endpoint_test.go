package fleet

import "testing"

func TestEndpointStatesHaveWords(t *testing.T) {
	for s, text := range map[EndpointState]string{Down: "down", Up: "up", Draining: "draining", 9: "unknown"} {
		if got := s.String(); got != text {
			t.Errorf("endpoint state %d: got %q, want %q", s, got, text)
		}
	}
}
