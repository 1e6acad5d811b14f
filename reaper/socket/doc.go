// Package socket is the place of the unix sockets on which workers listen. PID 1 owns the folder, a worker makes the
// socket in it, and the front door, which is another user, connects to it; none of them trusts the others further.
//
// Folders gives each worker a path for life, below a folder of this percore's own whose lock says that its owner
// lives, also across pid namespaces. Clear empties a worker's folder between two processes. Exposure lets the front
// door in, whatever mode the worker gave its socket; Dial connects. Both follow no link.
//
// Floors, top first:
//
//   - folders, base: where sockets are
//   - file: one socket
package socket
