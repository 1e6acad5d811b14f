package main

import "testing"

func TestADemoIsPublicInAContainerAlone(t *testing.T) {
	for pid, want := range map[int]string{1: ":8080", 2: "127.0.0.1:8080"} {
		if got := demoAddress(pid); got != want {
			t.Errorf("as process %d: got %s, want %s", pid, got, want)
		}
	}
}
