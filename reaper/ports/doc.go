// Package ports tells which process listens where: whether a port is free, which process holds it, and what a worker
// listens on. It reads /proc and binds a socket for a moment; it never connects.
//
// Look is what the fleet asks, so that its tests can answer in the kernel's place; nothing is kept between two
// questions. Begin with Diagnose, then Whose.
//
// Floors, top first:
//
//   - diagnose: what a worker does instead of what it should
//   - ports: questions
//   - table: what the kernel lists
package ports
