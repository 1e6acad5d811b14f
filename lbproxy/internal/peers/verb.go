package peers

import "strings"

// verb is what a statement does.
type verb uint8

const (
	verbNone verb = iota
	verbBuffers
	verbConnect
	verbDown
	verbUp
	verbAccept
	verbNoConnection
	verbSend
	verbExpect
	verbHead
	verbField
	verbNoField
	verbBody
	verbAnyBody
	verbBrokenBody
	verbExpectEnd
	verbExpectReset
	verbExpectGone
	verbExpectNothing
	verbFinish
	verbClose
	verbReset
	verbSettle
	verbPass
	verbSignal
	verbWait
)

// operand is what stands behind a verb.
type operand uint8

const (
	takesNothing operand = iota
	takesWord
	takesBytes
)

// verbs are the statements of the language: their spelling, what they take, which peers may use them and what they do.
var verbs = [...]struct {
	name  string
	takes operand
	only  string
	do    func(*actor, *step) error
}{
	verbBuffers:       {"buffers", takesWord, "", nil},
	verbConnect:       {"connect", takesNothing, "client", (*actor).connect},
	verbDown:          {"down", takesNothing, "worker", nil},
	verbUp:            {"up", takesNothing, "worker", (*actor).up},
	verbAccept:        {"accept", takesNothing, "worker", (*actor).accept},
	verbNoConnection:  {"no connection", takesNothing, "worker", (*actor).noConnection},
	verbSend:          {"send", takesBytes, "", (*actor).send},
	verbExpect:        {"expect", takesBytes, "", (*actor).expect},
	verbHead:          {"head", takesWord, "", (*actor).readHead},
	verbField:         {"field", takesWord, "", (*actor).field},
	verbNoField:       {"no field", takesWord, "", (*actor).noField},
	verbBody:          {"body", takesBytes, "", (*actor).readBody},
	verbAnyBody:       {"any body", takesNothing, "", (*actor).anyBody},
	verbBrokenBody:    {"broken body", takesNothing, "", (*actor).brokenBody},
	verbExpectEnd:     {"expect end", takesNothing, "", (*actor).expectEnd},
	verbExpectReset:   {"expect reset", takesNothing, "", (*actor).expectReset},
	verbExpectGone:    {"expect gone", takesNothing, "", (*actor).expectGone},
	verbExpectNothing: {"expect nothing", takesNothing, "", (*actor).expectNothing},
	verbFinish:        {"finish", takesNothing, "", (*actor).finish},
	verbClose:         {"close", takesNothing, "", (*actor).close},
	verbReset:         {"reset", takesNothing, "", (*actor).reset},
	verbSettle:        {"settle", takesNothing, "", (*actor).settle},
	verbPass:          {"pass", takesWord, "", (*actor).pass},
	verbSignal:        {"signal", takesWord, "", (*actor).signal},
	verbWait:          {"wait", takesWord, "", (*actor).wait},
}

// lookupVerb finds the longest verb that the line starts with.
func lookupVerb(line string) (found verb, rest string) {
	for v := range verbs {
		name := verbs[v].name
		after, ok := strings.CutPrefix(line, name)
		if ok && (after == "" || after[0] == ' ') && len(name) > len(verbs[found].name) {
			found, rest = verb(v), strings.TrimSpace(after)
		}
	}
	return found, rest
}
