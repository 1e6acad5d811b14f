package entry

// SetWriteEnd has the handler write to another descriptor than the pipe's.
func SetWriteEnd(fd int) { writeEnd = int64(fd) }
