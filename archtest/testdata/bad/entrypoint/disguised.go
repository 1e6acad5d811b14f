package main

import (
	"strings"

	"crooked/entrypoint/config"
	"crooked/entrypoint/config/value"
)

// disguised compares modes as text, as a switch's value and by variables. Text that has a mode in it is allowed.
func disguised(cfg config.Config) {
	_ = string(cfg.Mode) == "http"
	switch cfg.Mode {
	case "none":
	}
	_ = strings.ToLower(string(cfg.Mode)) == "init"
	_ = strings.EqualFold("init", string(cfg.Mode))
	m := string(cfg.Mode)
	_ = m == "http"
	_ = value.Mode(cfg.Busy) == "http"
	of, known := value.ModeOf(cfg.Busy)
	_ = known == true || of == "none"
	_ = "mode="+string(cfg.Mode) == cfg.Busy
}
