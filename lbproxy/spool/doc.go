// Package spool holds bodies in files: requests that are longer than memory may hold, and responses that their
// clients take slowly. It knows neither a loop nor an exchange: it gets bytes and offsets, and calls back.
//
// A [Store] is for all loops. It says how many bytes there may be in all ([Options]), gives each owner its fair share,
// and knows the place where the files are: memory that has a descriptor (memfd), or a folder. A [File] has no name:
// whatever becomes of this process, nothing of it is left behind.
//
// The loop never waits for a disk. What is in RAM (memfd, tmpfs) is written at once, on the goroutine that asks. All
// else goes through the place's pool of goroutines: to make a file, to write, to read what is no longer in the page
// cache, to close, and to look how much room is left. While that goes on the file is busy, and when it has ended, the
// file's owner is notified. Nothing here is begun, started or allocated before the first body is held.
//
// Which goroutine may call what: all methods of a [File] belong to one goroutine, that of its loop; those of a [Store]
// may be called from any. The function that notifies is called from any goroutine, that of the loop included.
//
// Begin with [File.Write] in file.go; job.go has what happens in the pool.
//
// Floors, top first:
//
//   - store: the door, settings, counts
//   - file, job: a file, and what the pool does for it
//   - place: where files are made, and how much room is left there
//   - ledger, buffer, line, pool: who holds how much; bytes on their way, and who waits for them; the goroutines
//   - kernel, resident: system calls
package spool
