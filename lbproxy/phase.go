package lbproxy

// uploadState is how much of a request the client has sent.
type uploadState uint8

const (
	uploadHead  uploadState = iota // the head is not complete
	uploadBody                     // a body is being read, or what is left of it, or of a head, is not
	uploadWhole                    // all of it is here: nothing is read before the response is out
	uploadStates
)

var uploadStateNames = [uploadStates]string{"head", "body", "whole"}

// String is the state as docs/exchange.md has it.
func (s uploadState) String() string { return uploadStateNames[s] }

// requestState is how much of a request a worker has.
type requestState uint8

const (
	requestHeld      requestState = iota // what is here of it is held; no worker is chosen yet
	requestParked                        // waits for a worker, in the queue
	requestSending                       // the held part is on its way to the worker
	requestStreaming                     // the rest of the body passes through as it arrives
	requestSent                          // all of it was taken up; what the worker does not have yet of it is in unsent
	requestStopped                       // its worker takes no more of it, or its response is here: what is still read is thrown away
	requestStates
)

var requestStateNames = [requestStates]string{"held", "parked", "sending", "streaming", "sent", "stopped"}

// String is the state as docs/exchange.md has it.
func (s requestState) String() string { return requestStateNames[s] }

// isOver reports whether nothing more of the request is taken up for a worker.
func (s requestState) isOver() bool { return s == requestSent || s == requestStopped }

// responseState is how much of the response the client has.
type responseState uint8

const (
	responseAwaited  responseState = iota // nothing: no final response's head has been understood yet
	responseRelaying                      // its head, and the body passes through
	responseTaken                         // all is here; the client may not have all of it yet
	responseTunnel                        // 101: bytes pass both ways
	responseStates
)

var responseStateNames = [responseStates]string{"awaited", "relaying", "taken", "tunnel"}

// String is the state as docs/exchange.md has it.
func (s responseState) String() string { return responseStateNames[s] }

// phase is where an exchange is between two turns of its loop: its own three states, and those of its connections.
type phase struct {
	client   connState
	upload   uploadState
	request  requestState
	response responseState
	worker   connState // stateNone while the exchange has no worker's connection
}

// phaseRow is a phase, and what happens in it.
type phaseRow struct {
	phase
	text string
}

// phases are all that there are, in the order in which an exchange may come to them. docs/exchange.md prints them,
// and every test with a front door looks after each turn whether each exchange is in one of them.
var phases = [...]phaseRow{
	{phase{stateProxy, uploadHead, requestHeld, responseAwaited, stateNone}, "a part of the PROXY header is here"},
	{phase{stateOpen, uploadHead, requestHeld, responseAwaited, stateNone}, "a part of the head is here, or was sent ahead"},
	{phase{stateOpen, uploadBody, requestHeld, responseAwaited, stateNone}, "the body is held"},
	{phase{stateOpen, uploadWhole, requestHeld, responseAwaited, stateNone}, "the end of the body is on its way to a file"},
	{phase{stateOpen, uploadBody, requestParked, responseAwaited, stateNone}, "the request waits for a worker with the beginning of its body"},
	{phase{stateOpen, uploadWhole, requestParked, responseAwaited, stateNone}, "the request waits for a worker"},
	{phase{stateOpen, uploadBody, requestSending, responseAwaited, stateConnecting}, "a worker is called with the beginning of the request"},
	{phase{stateOpen, uploadWhole, requestSending, responseAwaited, stateConnecting}, "a worker is called with the request"},
	{phase{stateOpen, uploadBody, requestSending, responseAwaited, stateBusy}, "the worker has a part of the beginning"},
	{phase{stateOpen, uploadWhole, requestSending, responseAwaited, stateBusy}, "the worker has a part of the request"},
	{phase{stateOpen, uploadBody, requestStreaming, responseAwaited, stateBusy}, "the body passes through"},
	{phase{stateOpen, uploadWhole, requestSent, responseAwaited, stateBusy}, "the worker has the request"},
	{phase{stateOpen, uploadBody, requestStopped, responseAwaited, stateBusy}, "the worker refuses the rest: it may have said why"},
	{phase{stateOpen, uploadWhole, requestStopped, responseAwaited, stateBusy}, "likewise, and the client has sent all"},
	{phase{stateOpen, uploadBody, requestSending, responseRelaying, stateBusy}, "the response came before the worker had the beginning"},
	{phase{stateOpen, uploadWhole, requestSending, responseRelaying, stateBusy}, "the response came before the worker had the request"},
	{phase{stateOpen, uploadBody, requestStreaming, responseRelaying, stateBusy}, "bodies pass both ways"},
	{phase{stateOpen, uploadBody, requestStopped, responseRelaying, stateBusy}, "the response passes through, the rest of the request is not wanted"},
	{phase{stateOpen, uploadWhole, requestStopped, responseRelaying, stateBusy}, "likewise, and the client has sent all"},
	{phase{stateOpen, uploadWhole, requestSent, responseRelaying, stateBusy}, "the response passes through"},
	{phase{stateOpen, uploadBody, requestStopped, responseTaken, stateNone}, "the client takes the rest of the response, and still sends"},
	{phase{stateOpen, uploadWhole, requestStopped, responseTaken, stateNone}, "the client takes the rest of an early response, or of our own"},
	{phase{stateOpen, uploadWhole, requestSent, responseTaken, stateNone}, "the client takes the rest of the response"},
	{phase{stateTunnel, uploadWhole, requestSent, responseTunnel, stateTunnel}, "bytes pass both ways, unread"},
}
