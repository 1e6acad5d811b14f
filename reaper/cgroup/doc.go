// Package cgroup finds this process's control groups: where their hierarchies are mounted, which of their levels can
// be seen from here, and what their files hold. It reads mountinfo, /proc/self/cgroup and the groups' files below a
// root directory that it is given, and knows both generations of control groups. What a limit means is for those to
// say that ask: cpus for quotas, oom for memory, room for processes.
//
// Begin with Mount.Levels; Files is for those that look for one file.
//
// Floors, top first:
//
//   - files
//   - mount
package cgroup
