package config_test

import (
	"testing"
)

func TestNobodyIsTrustedByDefault(t *testing.T) {
	if cfg := mustLoad(t, 0); !cfg.TrustedProxies.IsEmpty() {
		t.Errorf("trusted proxies: got %s, want none", cfg.TrustedProxies)
	}
	if cfg := mustLoad(t, 0, "PERCORE_TRUSTED_PROXIES=unix"); cfg.TrustedProxies.IsEmpty() {
		t.Error("trusted proxies: got none, want unix")
	}
}
