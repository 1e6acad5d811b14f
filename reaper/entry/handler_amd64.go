package entry

// flagRestorer is SA_RESTORER: the return from a handler is ours to provide, this kernel insists.
const flagRestorer = 0x04000000
