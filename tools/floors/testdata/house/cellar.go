package house

const bottle = "bottle"

var heard = knock() + knock()
