package reaper

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultPath is what Docker gives a container whose image sets no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// LookPath finds the program as execvp would in a child whose working directory is dir and whose PATH is path
// (man 3 exec): a name with a slash is taken as it is, an empty element of path is the working directory, and
// a file that may not be executed is passed over but remembered. It gives a *SpawnError whose ExitCode is 127
// when there was no such file, and 126 when there was one that is not executable.
func LookPath(file, dir, path string) (string, error) {
	if path == "" {
		path = defaultPath
	}
	if file == "" {
		return "", &SpawnError{Op: "find", Path: `""`, Err: syscall.ENOENT}
	}
	if strings.Contains(file, "/") {
		if err := executable(file, dir); err != nil {
			return "", &SpawnError{Op: "find", Path: file, Err: err}
		}
		return file, nil
	}
	cause := error(syscall.ENOENT)
	for _, element := range filepath.SplitList(path) {
		if element == "" {
			element = "."
		}
		candidate := strings.TrimSuffix(element, "/") + "/" + file
		err := executable(candidate, dir)
		if err == nil {
			return candidate, nil
		}
		if !notFound(err) {
			cause = err
		}
	}
	return "", &SpawnError{Op: "find", Path: file, Err: cause}
}

// executable looks for an x bit and whether percore's own user may execute the file; whether a worker's other user
// may is for execve to say.
func executable(file, dir string) error {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return errnoOf(err)
	case info.IsDir(), info.Mode().Perm()&0o111 == 0:
		return syscall.EACCES
	default:
		return unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS)
	}
}

// notFound reports whether err means that nothing is there, for any of the reasons execvp passes over.
func notFound(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR)
}
