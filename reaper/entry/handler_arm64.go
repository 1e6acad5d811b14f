package entry

// flagRestorer is 0: the kernel's own return from a handler serves.
const flagRestorer = 0
