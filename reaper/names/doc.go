// Package names is the one place where PID 1 uses the name of a file that others may have a hand in: log files and
// their backups, _FILE variables, sockets. PID 1 may be root, and the user that owns a folder on the way can put a
// link, a FIFO or another file behind a name at any moment, the one between two system calls included.
//
// The rule:
//
//   - A name is ours where every folder on its way belongs to root or to percore's own user and no other user may
//     write to it, or it is sticky and what the name stands for is root's or ours (as in /tmp). Such a name is used
//     as it is, with links, pipes and devices: a user that can change it needs no help from PID 1.
//   - Any other name is used as the user that the file is for, with that user's rights alone (reaper.AsUser), and
//     has to be a regular file.
//   - Where there is no such user, or may not do it, percore uses the name itself: it follows no link, and takes
//     only a regular file with one name, of root, of percore's user, of that user or of the folder's owner.
//
// No name is opened in a way that waits: a FIFO has to have its other end.
//
// Begin with Open. A place is found anew for each use and closed after it: nothing is remembered of a name.
//
// Floors, top first:
//
//   - names: what is done with a name
//   - place: where it leads
package names
