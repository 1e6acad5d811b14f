package config

import (
	"slices"
	"strconv"

	"percore/entrypoint/config/commandline"
	"percore/entrypoint/config/value"
)

// Load reads the configuration out of an environment, in os.Environ's form, for a percore that runs as uid. It returns
// the Config, or a *Problems with everything that is wrong; the warnings come with either. Any other error is a fault
// in this package.
//
// Load borrows the process's environment for the duration of the call and must not run twice at once.
func Load(environ []string, uid int) (*Config, []Warning, error) {
	return LoadWith(environ, nil, uid)
}

// LoadWith is Load for a percore whose own arguments are the workers' command, in place of PERCORE_COMMAND's.
func LoadWith(environ, command []string, uid int) (*Config, []Warning, error) {
	cfg, warnings, problems, err := Examine(environ, command, uid)
	if err != nil {
		return nil, nil, err
	}
	if problems != nil {
		return nil, warnings, &Problems{List: problems}
	}
	return cfg, warnings, nil
}

// Examine is LoadWith for a search for everything that is wrong: it gives a Config in any case, in which what is
// faulty has its default.
func Examine(environ, command []string, uid int) (*Config, []Warning, []Problem, error) {
	cfg := &Config{}
	l := newLoader(cfg, environ)
	l.dropOverruled("PORT", "PERCORE_LISTEN")
	l.dropOverruled("WEB_CONCURRENCY", "PERCORE_WORKERS")
	l.detectStopTimeout()
	l.detectFrontUser(uid)
	if err := l.decode(); err != nil {
		return nil, nil, nil, err
	}
	if err := l.loadFurther(cfg, uid); err != nil {
		return nil, nil, nil, err
	}
	cfg.settings, cfg.taskMetadata = l.settings, l.env["ECS_CONTAINER_METADATA_URI_V4"]
	cfg.useBareNames()
	cfg.nameAfterCommand()
	cfg.UseArguments(command)
	cfg.bindAfterCommand("PERCORE_BIND", l.isSet("PERCORE_BIND"), cfg.settings)

	l.check(cfg, uid)
	problems, warnings := l.problems(), cfg.warnings()
	for _, p := range slices.Concat(cfg.placeholderProblems(), l.unknown(cfg.Programs)) {
		if cfg.Strict {
			problems = append(problems, p)
		} else {
			warnings = append(warnings, Warning(p))
		}
	}
	return cfg, warnings, problems, nil
}

// dropOverruled forgets a bare name that does not count because ours is set. It may even be malformed: a platform, or
// an outer percore, sets it for reasons of its own.
func (l *loader) dropOverruled(bare, ours string) {
	if l.isSet(ours) {
		delete(l.settings, bare)
	}
}

// detectStopTimeout makes use of a platform that grants more than Docker does.
func (l *loader) detectStopTimeout() {
	const name = "PERCORE_STOP_TIMEOUT"
	if l.isSet(name) {
		return
	}
	for _, sign := range []struct{ name, platform string }{
		{"ECS_CONTAINER_METADATA_URI_V4", "ECS"},
		{"ECS_CONTAINER_METADATA_URI", "ECS"},
		{"KUBERNETES_SERVICE_HOST", "Kubernetes"},
	} {
		if _, here := l.env[sign.name]; here {
			reason := sign.platform + " grants 30s: " + sign.name + " is set"
			l.settings[name] = Setting{Name: name, Value: "29s", Source: FromSurroundings, Reason: reason}
			return
		}
	}
	byDefault := l.variable(name).tags.Get("default")
	l.settings[name] = Setting{Name: name, Value: byDefault, Source: FromDefault, Reason: "Docker grants 10s"}
}

// detectFrontUser takes the front door's privileges away where there are any. 65534 is the overflow id, which every
// distribution keeps free and which needs no /etc/passwd in the image. Where a worker is the same user, see
// ChooseFrontUser.
func (l *loader) detectFrontUser(uid int) {
	const name = "PERCORE_FRONT_USER"
	if uid == 0 && !l.isSet(name) {
		l.settings[name] = Setting{
			Name: name, Value: "65534:65534", Source: FromSurroundings, Reason: "percore runs as root",
		}
	}
}

// ChooseFrontUser gives the front door another user than the default, which a worker has. Load does not know the
// users of all workers.
func (c *Config) ChooseFrontUser(user value.User, reason string) {
	c.FrontUser = user
	c.settings["PERCORE_FRONT_USER"] = Setting{Name: "PERCORE_FRONT_USER", Source: FromSurroundings, Reason: reason}
}

// ChooseTempPath says where bodies are held, where no variable does. Load does not know what the front door's user may
// write to.
func (c *Config) ChooseTempPath(path value.TempPath, reason string) {
	const name = "PERCORE_CLIENT_BODY_TEMP_PATH"
	c.ClientBodyTempPath = path
	c.settings[name] = Setting{Name: name, Source: FromSurroundings, Reason: reason}
}

// useBareNames applies the names that platforms set for any program. Either is here only if ours is not.
func (c *Config) useBareNames() {
	if c.IsSet("PORT") {
		c.Listen = value.Listen{{Port: int(c.Port)}}
		c.settings["PERCORE_LISTEN"] = Setting{Name: "PERCORE_LISTEN", Source: FromPort}
	}
	if c.IsSet("WEB_CONCURRENCY") {
		c.Workers = c.WebConcurrency
		c.settings["PERCORE_WORKERS"] = Setting{Name: "PERCORE_WORKERS", Source: FromWebConcurrency}
	}
}

// UseArguments makes words, percore's own arguments, the workers' command in place of PERCORE_COMMAND's, and names
// fleet and workers after it where no variable names them. It does nothing when there are no words.
func (c *Config) UseArguments(words []string) {
	if len(words) == 0 {
		return
	}
	c.Command = value.CommandOf(words)
	c.settings["PERCORE_COMMAND"] = Setting{Name: "PERCORE_COMMAND", Source: FromArguments}
	c.nameAfterCommand()
}

// nameAfterCommand names workers after what they run, and the group after its workers, where no variable does.
func (c *Config) nameAfterCommand() {
	if len(c.Command.Words) == 0 {
		return
	}
	if program := commandline.Program(c.Command.Words); !c.IsSet("PERCORE_NAME") {
		c.Name = value.LabelOf(program)
		reason := "the base name of " + strconv.Quote(program)
		c.settings["PERCORE_NAME"] = Setting{Name: "PERCORE_NAME", Source: FromCommand, Reason: reason}
	}
	if !c.IsSet("PERCORE_GROUP") {
		c.Group = c.Name
		c.settings["PERCORE_GROUP"] = Setting{Name: "PERCORE_GROUP", Source: FromCommand, Reason: "PERCORE_NAME"}
	}
}
