package lbproxy

import (
	"log/slog"

	"percore/lbproxy/balance"
)

// side says which side caused an outcome.
type side uint8

const (
	sideNone side = iota
	sideDownstream
	sideUpstream
	sideInternal
)

var sideNames = [...]string{"", "downstream", "upstream", "internal"}

// String is the side as the log has it; empty for none.
func (s side) String() string { return sideNames[s] }

// cause is what ended an exchange, or one try of it, other than a complete response.
type cause uint8

const (
	causeNone cause = iota
	// Downstream.
	causeBadRequest    // the head or the body's framing is malformed; the codec's error has the status
	causeHeaderTimeout // the head did not arrive in time
	causeBodyTimeout   // the body stopped arriving
	causeBodyTooSlow   // the body arrives at less than the minimum rate
	causeBodyTooLarge
	causeBodyOwed     // others had no place, and of all this one has owed the rest of its body longest
	causeReadingOwed  // likewise, and this one has taken nothing of its response longest
	causeClientClosed // the client left before its response was out
	causeSendTimeout  // the client stopped reading
	// Upstream, before any request byte was written.
	causeConnectRefused
	causeBacklogFull // a unix socket's: a busy worker, not a broken one
	causeConnectTimeout
	// Upstream, later.
	causeStale             // a connection from the pool was closed before any byte of the response
	causeUnasked           // a connection from the pool had bytes before all of the request was sent
	causeDied              // a fresh connection was closed before any byte of the response
	causeReadTimeout       // no response, or no more of it, in time
	causeWorkerSendTimeout // the worker took nothing of the request for too long
	causeBadResponse       // the response's head or framing is malformed
	causeTruncated         // the response stopped in the middle
	// Internal.
	causeNoWorker   // none was ready in time
	causeNoneComing // none is ready, and none will be in time
	causeBusy       // none was free in time
	causeQueueFull  // too many wait already
	causeNoSocket   // no descriptor or memory for a connection to the worker
	causeNoMemory   // the buffers' budget is used up
	causeNoTemp     // a body without a length cannot be held
	causeHeldLost   // what was held in a file cannot be read
	causeDeadline   // the front door is stopping
	causePanic
)

// outcome is what follows from a cause. A status of 0 sends no response.
type outcome struct {
	side   side
	status int
	retry  balance.Rule
	level  slog.Level
	name   string // one word for the access log and for figures; causes that need not be told apart share one
	reason string // one line for logs and for the response's body
}

// outcomes decides status, retry and log level for every cause; proxy design notes: RFC 9110 sections 9.2.2 and
// 15.6, nginx's proxy_next_upstream for the retries, nginx's 499 for clients that left.
var outcomes = [...]outcome{
	causeNone:              {sideNone, 0, balance.NoRetry, slog.LevelDebug, "", ""},
	causeBadRequest:        {sideDownstream, 400, balance.NoRetry, slog.LevelDebug, "bad_request", "malformed request"},
	causeHeaderTimeout:     {sideDownstream, 408, balance.NoRetry, slog.LevelDebug, "header_timeout", "the request's head did not arrive in time"},
	causeBodyTimeout:       {sideDownstream, 408, balance.NoRetry, slog.LevelDebug, "body_timeout", "the request's body stopped arriving"},
	causeBodyTooSlow:       {sideDownstream, 408, balance.NoRetry, slog.LevelDebug, "body_timeout", "the request's body arrives too slowly"},
	causeBodyTooLarge:      {sideDownstream, 413, balance.NoRetry, slog.LevelDebug, "body_too_large", "the request's body is too large"},
	causeBodyOwed:          {sideDownstream, 408, balance.NoRetry, slog.LevelDebug, "made_room", "the rest of the request was owed longest while others had no place"},
	causeReadingOwed:       {sideDownstream, 0, balance.NoRetry, slog.LevelDebug, "made_room", "the client did not take its response while others had no place"},
	causeClientClosed:      {sideDownstream, 499, balance.NoRetry, slog.LevelDebug, "client_left", "the client left"},
	causeSendTimeout:       {sideDownstream, 0, balance.NoRetry, slog.LevelDebug, "send_timeout", "the client stopped reading"},
	causeConnectRefused:    {sideUpstream, 502, balance.RetryAny, slog.LevelWarn, "worker_connect", "the worker refused the connection"},
	causeBacklogFull:       {sideUpstream, 503, balance.RetryAny, slog.LevelWarn, "worker_connect", "too many connections wait for the worker already"},
	causeConnectTimeout:    {sideUpstream, 504, balance.RetryAny, slog.LevelWarn, "worker_connect", "the worker did not take the connection in time"},
	causeStale:             {sideUpstream, 502, balance.RetrySame, slog.LevelWarn, "worker_closed", "the worker closed a kept connection"},
	causeUnasked:           {sideUpstream, 502, balance.RetrySame, slog.LevelWarn, "worker_malformed", "the worker spoke before it was asked"},
	causeDied:              {sideUpstream, 502, balance.RetryOne, slog.LevelWarn, "worker_closed", "the worker closed the connection before it answered"},
	causeReadTimeout:       {sideUpstream, 504, balance.NoRetry, slog.LevelWarn, "worker_timeout", "the worker did not answer in time"},
	causeWorkerSendTimeout: {sideUpstream, 504, balance.NoRetry, slog.LevelWarn, "worker_timeout", "the worker stopped taking the request"},
	causeBadResponse:       {sideUpstream, 502, balance.NoRetry, slog.LevelWarn, "worker_malformed", "the worker's response is malformed"},
	causeTruncated:         {sideUpstream, 0, balance.NoRetry, slog.LevelWarn, "worker_closed", "the worker's response stopped in the middle"},
	causeNoWorker:          {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "no_worker", "no worker was ready in time"},
	causeNoneComing:        {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "no_worker", "no worker runs, and none is about to start"},
	causeBusy:              {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "queue_timeout", "no worker was free in time"},
	causeQueueFull:         {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "queue_full", "too many requests wait for a worker"},
	causeNoSocket:          {sideInternal, 503, balance.NoRetry, slog.LevelError, "no_socket", "no descriptor or memory for a connection to the worker"},
	causeNoMemory:          {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "no_memory", "no memory for another request"},
	causeNoTemp:            {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "no_temp", "no room to hold a request's body of unknown length"},
	causeHeldLost:          {sideInternal, 500, balance.NoRetry, slog.LevelError, "temp_lost", "what was held of the body in a file cannot be read"},
	causeDeadline:          {sideInternal, 503, balance.NoRetry, slog.LevelWarn, "stopping", "the service is stopping"},
	causePanic:             {sideInternal, 500, balance.NoRetry, slog.LevelError, "internal", "internal error"},
}
