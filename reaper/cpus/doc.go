// Package cpus counts the CPUs that this container may keep busy: what `auto` means for workers and loops.
//
// The answer is max(1, min(affinity, ceil(tightest quota))), over every level of the cgroup tree that is visible from
// here. Not counted: CPU shares and weights (they are no limit). The limit of an ECS task sits on a cgroup above the
// container's root; TaskLimit asks for it, and AtMost counts it in.
//
// Usable is a pure function of the files that it is given, and is called anew when Watch says that one has changed.
// Begin with Usable.
//
// Floors, top first:
//
//   - task, watch: the limit of a task; changes
//   - cpus: the count
//   - survey: every quota that can be seen
package cpus
