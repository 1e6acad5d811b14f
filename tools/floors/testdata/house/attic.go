package house

var dust = bottle
