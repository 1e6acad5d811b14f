package plan

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"percore/entrypoint/config"
	"percore/entrypoint/config/value"
	"percore/reaper"
)

// tempVariable says where bodies are held, and tempFolder is where where it is not set, as far as that can be.
const (
	tempVariable = "PERCORE_CLIENT_BODY_TEMP_PATH"
	tempFolder   = "/tmp"
)

// ChooseTempPath finds where the front door, as that user, holds bodies; nil is percore's own. The error is a
// *SettingError: the folder that was set is of no use. Without one a folder that is of no use is passed over.
func ChooseTempPath(cfg *config.Config, front *reaper.Credential) error {
	return chooseTempPath(cfg, front, tempFolder)
}

// KeepTempPath makes an update go by what holds, unless it says something else of it: what has become of a folder since
// is no fault of the update's.
func KeepTempPath(cfg, current *config.Config, front *reaper.Credential) error {
	isSet := cfg.IsSet(tempVariable)
	switch {
	case cfg == current, isSet && current.IsSet(tempVariable) && cfg.ClientBodyTempPath == current.ClientBodyTempPath:
		return nil
	case isSet || current.IsSet(tempVariable):
		return ChooseTempPath(cfg, front)
	}
	cfg.ChooseTempPath(current.ClientBodyTempPath, current.Setting(tempVariable).Reason)
	return nil
}

func chooseTempPath(cfg *config.Config, front *reaper.Credential, byDefault string) error {
	isSet := cfg.IsSet(tempVariable)
	switch {
	case !cfg.Mode.Facts().FrontDoor, isSet && cfg.ClientBodyTempPath == value.TempMemory:
		return nil
	case isSet:
		return tryTempPath(cfg.ClientBodyTempPath.Folder(), front)
	}
	if err := As(front, func() error { return makeFile(byDefault) }); err != nil {
		cfg.ChooseTempPath(value.TempMemory, byDefault+" cannot be written"+by(front)+": "+err.Error())
		return nil
	}
	cfg.ChooseTempPath(value.TempPath(byDefault), byDefault+" can be written"+by(front))
	return nil
}

func tryTempPath(folder string, front *reaper.Credential) error {
	err := As(front, func() error { return makeFile(folder) })
	if err == nil {
		return nil
	}
	return &SettingError{
		Name: tempVariable, Value: folder,
		Err:  errors.New("cannot be written" + by(front) + ": " + err.Error()),
		Mend: "let the front door's user write to the folder and pass those above it, or unset the variable",
	}
}

// by names a user behind what it does.
func by(front *reaper.Credential) string {
	if front == nil {
		return ""
	}
	return " by " + front.Name + ", the front door's user"
}

// makeFile makes a file in a folder that nobody ever sees (man 2 open, O_TMPFILE; a named one where the file system
// has none), as the front door will for each body. A disk that is full, or anything else that may be over by then, is
// no error: bodies are then passed on as they come.
func makeFile(folder string) error {
	file, err := os.OpenFile(folder, unix.O_TMPFILE|os.O_RDWR, 0o600)
	if hasNoTempFiles(err) {
		if file, err = os.CreateTemp(folder, ".percore-"); err == nil {
			err = os.Remove(file.Name())
		}
	}
	if file != nil {
		_ = file.Close() // nothing was written
	}
	if isPassing(err) {
		return nil
	}
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err // its name is said anyway
	}
	return err
}

// hasNoTempFiles reports whether a file system, or a kernel before 3.11, knows no O_TMPFILE.
func hasNoTempFiles(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL)
}

// isPassing reports whether an error is none of the folder's own.
func isPassing(err error) bool {
	for _, errno := range []unix.Errno{unix.ENOSPC, unix.EDQUOT, unix.EMFILE, unix.ENFILE, unix.ENOMEM} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
