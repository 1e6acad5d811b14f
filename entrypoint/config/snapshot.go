package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"percore/reaper/names"

	"percore/entrypoint/config/suggest"
)

const (
	prefix     = "PERCORE_"
	fileSuffix = "_FILE"

	// fileBytesMax bounds what a _FILE name may pull in: an environment variable is at most 128 KiB (man 2 execve).
	fileBytesMax = 128 << 10
)

// snapshot is an environment cut down to what has a value.
type snapshot map[string]string

// takeSnapshot drops empty values, which mean unset: a compose file writes X=${X} as an empty X. A value of white
// space alone, such as the carriage return of an env file edited elsewhere, is empty too.
func takeSnapshot(environ []string) snapshot {
	s := snapshot{}
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if ok && name != "" && strings.TrimSpace(value) != "" {
			s[name] = value
		}
	}
	s.dropLinks()
	return s
}

// given finds the text of a variable, either its own or that of the file its _FILE twin names. The Setting has no
// source when neither is there.
func (s snapshot) given(v variable) (Setting, error) {
	value, set := s[v.name]
	twin := v.name + fileSuffix
	file, fromFile := s[twin]
	fromFile = fromFile && strings.HasPrefix(v.name, prefix)
	given := Setting{Name: v.name, Value: value, Source: FromEnvironment}
	switch {
	case set && fromFile:
		return given, fmt.Errorf("is set, and so is %s", twin)
	case fromFile:
		text, err := readValue(strings.TrimSpace(file))
		if err != nil {
			return Setting{}, err
		}
		given = Setting{Name: v.name, Value: text, Source: FromFile, Reason: file}
	case !set:
		return Setting{}, nil
	}
	if !v.secret() {
		given.Value = strings.TrimSpace(given.Value)
	}
	if given.Value == "" {
		return Setting{}, nil
	}
	return given, nil
}

// readValue reads a value out of a regular file and cuts the newline that every editor puts at its end. What is no file could
// hold the start up for ever, with TERM unheard, or have no end.
func readValue(name string) (string, error) {
	file, err := names.Open(name, os.O_RDONLY, 0, nil)
	if err != nil {
		return "", cause(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return "", errors.New("is no regular file")
	}
	text, err := io.ReadAll(io.LimitReader(file, fileBytesMax+1))
	switch {
	case err != nil:
		return "", cause(err)
	case len(text) > fileBytesMax:
		return "", fmt.Errorf("holds more than %d bytes", fileBytesMax)
	case bytes.IndexByte(text, 0) >= 0:
		return "", errors.New("holds a NUL byte")
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	return string(bytes.TrimSuffix(text, []byte("\r"))), nil
}

// cause drops the name of the file from an error that is shown beside it.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("cannot be read: %w", path.Err)
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// unknown lists, in order, the names that look like ours and are not.
func (s snapshot) unknown(known []string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !strings.HasPrefix(strings.ToUpper(strings.TrimPrefix(name, byteOrderMark)), prefix) || slices.Contains(known, name) {
			continue
		}
		twin, isTwin := strings.CutSuffix(name, fileSuffix)
		if isTwin && slices.Contains(known, twin) || s.isForeign(name, known) {
			continue
		}
		names = append(names, name)
	}
	return names
}

// portName is the one name that a user may well think of and that others set.
const portName = prefix + "PORT"

// isForeign knows the names that somebody else puts into a container's environment: Kubernetes and Docker links, and
// percore itself, for its own roles and for its workers, one of which may be another percore.
func (s snapshot) isForeign(name string, known []string) bool {
	rest := strings.TrimPrefix(name, prefix)
	switch {
	case strings.HasPrefix(rest, "SERVICE_"):
		return true
	case name == portName:
		_, err := strconv.Atoi(strings.TrimSpace(s[name]))
		return err != nil // a number is somebody's wish
	case strings.HasPrefix(rest, "PORT"):
		return suggest.Nearest(name, known) == "" // PERCORE_PORTS_FORM is not a service's port but a slip
	default:
		return isPrivate(name) || isWorkers(name) || s.isOfService(name)
	}
}

// isOfService knows what Kubernetes says of a service called percore-something. It always says the host, which tells
// PERCORE_WEB_PORT, the port of such a service, from PERCORE_LISTEN_PORT, which somebody made up.
func (s snapshot) isOfService(name string) bool {
	for _, mark := range []string{"_SERVICE_", "_PORT"} {
		if service, _, ok := strings.Cut(name, mark); ok {
			if _, told := s[service+"_SERVICE_HOST"]; told {
				return true
			}
		}
	}
	return false
}

// isPrivate knows what PID 1 tells the front door by environment.
func isPrivate(name string) bool {
	return name == prefix+"ROLE" || strings.HasPrefix(name, prefix+"LINK_")
}

// isWorkers knows what percore tells each worker about itself.
func isWorkers(name string) bool {
	switch name {
	case prefix + "WORKER_INDEX", prefix + "WORKER_NAME", prefix + "WORKER_MARK", prefix + "SOCKET":
		return true
	default:
		return false
	}
}
