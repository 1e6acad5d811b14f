package survey

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/entrypoint/door"
	"percore/entrypoint/plan"
	"percore/entrypoint/self"
	"percore/lbproxy/socket"
	"percore/reaper"
	"percore/reaper/cpus"
	"percore/reaper/fleet"
	"percore/reaper/names"
	"percore/reaper/ports"
)

// surveyor looks for what this machine has against a configuration, in the order of a start, and does nothing that
// stays.
type surveyor struct {
	in     self.Invocation
	cfg    *config.Config
	faulty map[string]bool // variables that something is wrong with already
	held   holdings
	users  []*reaper.Credential // as those of a plan
	front  *reaper.Credential   // likewise
	found  []config.Problem
}

// survey finds what a start on this machine would find, beside the problems that are known.
func survey(in self.Invocation, cfg *config.Config, known []config.Problem) []config.Problem {
	s := &surveyor{in: in, cfg: cfg, faulty: map[string]bool{}, held: heldByRunning(in)}
	for _, p := range known {
		s.faulty[p.Name] = true
	}
	p := s.planned()
	if !cfg.Mode.Facts().Fleet {
		s.program(&cfg.Program, nil, ownName)
		return s.found
	}
	s.tempPath(p.Front)
	s.programs()
	s.logs(p)
	s.listeners()
	s.ports(p)
	return s.found
}

// find notes a problem, unless the variable has one already.
func (s *surveyor) find(p config.Problem) {
	if !s.faulty[p.Name] {
		s.found = append(s.found, p)
	}
	s.faulty[p.Name] = true
}

// planned is what plan.Make makes of the configuration. Where it cannot make anything of it, there is one with what
// is needed here.
func (s *surveyor) planned() *plan.Plan {
	s.lookupUsers()
	p, err := plan.Make(s.cfg)
	var problems *config.Problems
	var setting *plan.SettingError
	switch {
	case err == nil:
	case errors.As(err, &problems):
		for _, one := range problems.List {
			s.find(one)
		}
	case errors.As(err, &setting):
		s.find(problemOf(setting))
	case errors.Is(err, plan.ErrNoCommand):
		what, mend, _ := strings.Cut(err.Error(), ": ")
		s.find(config.Problem{Name: "PERCORE_COMMAND", What: what, Mend: mend})
	default:
		s.find(config.Problem{Name: "percore", What: err.Error()})
	}
	if p == nil {
		p = &plan.Plan{Workers: s.cfg.Workers.Or(1), CPUs: cpus.Count{N: 1}, Users: s.users, Front: s.front}
	}
	return p
}

func problemOf(e *plan.SettingError) config.Problem {
	return config.Problem{Name: e.Name, Value: e.Value, What: e.Err.Error(), Mend: e.Mend}
}

// lookupUsers finds all that do not exist, where plan.Make ends with the first.
func (s *surveyor) lookupUsers() {
	s.users = append(s.users, s.lookup("PERCORE_USER", s.cfg.User))
	for _, f := range s.cfg.Further {
		s.users = append(s.users, s.lookup(f.Variable("PERCORE_USER"), f.User))
	}
	s.front = s.lookup("PERCORE_FRONT_USER", s.cfg.FrontUser)
}

func (s *surveyor) lookup(variable string, user value.User) *reaper.Credential {
	credential, err := plan.Lookup(variable, user)
	if err != nil {
		s.find(config.Problem{Name: variable, Value: string(user), What: errors.Unwrap(err).Error()})
	}
	return credential
}

// ownName is the name of a variable of the fleet proper.
func ownName(name string) string { return name }

// tempPath looks at where bodies are held. Whose rights count there is not known where the front door's user is wrong.
func (s *surveyor) tempPath(front *reaper.Credential) {
	if s.faulty["PERCORE_FRONT_USER"] || s.faulty["PERCORE_CLIENT_BODY_TEMP_PATH"] {
		return
	}
	var setting *plan.SettingError
	if errors.As(plan.ChooseTempPath(s.cfg, front), &setting) {
		s.find(problemOf(setting))
	}
}

// programs looks at the command and the folder of each.
func (s *surveyor) programs() {
	s.program(&s.cfg.Program, s.users[0], ownName)
	if words := s.cfg.Prestart.Words; len(words) > 0 {
		s.command("PERCORE_PRESTART", words, s.cfg.Directory, s.users[0])
	}
	for i, f := range s.cfg.Further {
		s.program(&f.Program, s.users[1+i], f.Variable)
	}
}

func (s *surveyor) program(c *config.Program, user *reaper.Credential, variable func(string) string) {
	if c.Directory != "" {
		if err := plan.As(user, func() error { return enter(c.Directory) }); err != nil {
			what := "cannot be entered" + by(user) + ": " + err.Error()
			s.find(config.Problem{Name: variable("PERCORE_DIRECTORY"), Value: c.Directory, What: what})
			return // where the command is looked for depends on it
		}
	}
	if len(c.Command.Words) > 0 {
		s.command(variable("PERCORE_COMMAND"), c.Command.Words, c.Directory, user)
	}
}

// command looks for a program as its worker's user would.
func (s *surveyor) command(variable string, words []string, dir string, user *reaper.Credential) {
	program := words[0]
	if strings.Contains(program, "{") {
		return // another one for each worker
	}
	err := plan.As(user, func() error {
		_, err := reaper.LookPath(program, dir, s.in.Variable("PATH"))
		return err
	})
	var spawn *reaper.SpawnError
	switch {
	case err == nil:
	case errors.As(err, &spawn) && spawn.ExitCode() == exitNotFound:
		mend := "install it, or name it by its path"
		if strings.Contains(program, "/") {
			mend = "paths are the container's; a relative one begins at PERCORE_DIRECTORY"
		}
		s.find(config.Problem{Name: variable, Value: program, What: "there is no such program", Mend: mend})
	default:
		what := "cannot be executed" + by(user) + ": " + errors.Unwrap(err).Error()
		s.find(config.Problem{Name: variable, Value: program, What: what, Mend: "chmod +x, or another PERCORE_USER"})
	}
}

// exitNotFound is a shell's code for a program that does not exist.
const exitNotFound = 127

// enter asks whether a folder is one that can be a working directory.
func enter(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		var path *os.PathError
		if errors.As(err, &path) {
			return path.Err
		}
		return err
	case !info.IsDir():
		return syscall.ENOTDIR
	default:
		return unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS)
	}
}

func by(user *reaper.Credential) string {
	if user == nil {
		return ""
	}
	return " by " + user.Name
}

// logs tries the log files of all programs.
func (s *surveyor) logs(p *plan.Plan) {
	f := fleet.New(fleet.Options{Programs: p.Programs(s.cfg, s.in.Environ, nil)})
	for _, fault := range f.TryLogs() {
		variable := ownName
		for _, further := range s.cfg.Further {
			if string(further.Group) == fault.Group && string(further.Name) == fault.Program {
				variable = further.Variable
			}
		}
		s.find(config.Problem{
			Name: variable("PERCORE_" + strings.ToUpper(fault.Stream) + "_LOGFILE"), Value: fault.Path,
			What: fault.Err.Error(),
			Mend: "make the folder, and let the program's user write to it",
		})
	}
}

// listeners opens and closes each.
func (s *surveyor) listeners() {
	if !s.cfg.Mode.Facts().Listens || s.faulty["PERCORE_LISTEN"] || s.faulty["PORT"] {
		return
	}
	for _, a := range s.cfg.Listen {
		if s.held.listens(a) {
			continue
		}
		ls, err := door.Listen(a, 1)
		socket.CloseListeners(ls)
		if a.Path != "" && err == nil {
			_ = names.AsOwner(a.Path, func() error { return os.Remove(a.Path) })
		}
		if err != nil {
			s.found = append(s.found, config.Problem{
				Name: "PERCORE_LISTEN", Value: a.String(), What: causeOf(err), Mend: ListenAdvice(s.in, err, a),
			})
		}
	}
}

// heldBy names the process that has a port, where that can be seen.
func heldBy(port int) string {
	if holder := ports.Holder(port); holder != "" {
		return ", held by " + holder
	}
	return ""
}

func causeOf(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// ports tries those of the workers, as far as they have some to listen on.
func (s *surveyor) ports(p *plan.Plan) {
	if !s.cfg.Mode.Facts().Proxies || s.cfg.Bind == value.BindUnix || s.faulty["PERCORE_PORTS_FROM"] {
		return
	}
	for i := range p.Workers {
		port := int(s.cfg.PortsFrom) + i
		if s.held.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			s.find(config.Problem{
				Name: "PERCORE_PORTS_FROM", Value: s.cfg.PortsFrom.String(),
				What: fmt.Sprintf("worker %d cannot listen on port %d: %s", i, port, causeOf(err)+heldBy(port)),
				Mend: "stop what listens there, or choose other ports",
			})
			return
		}
		_ = l.Close()
	}
}
