// Package lbproxy is the front door: everything between accept and close. It takes clients' connections on
// inherited listening sockets, parses HTTP/1.1 strictly, chooses a worker for each request and passes the request and
// its response on, so that no client notices that a worker died or was restarted.
//
// A [Proxy] has a few event loops. Each owns its listeners, connections and buffers alone; what they share is one
// table of workers, replaced as a whole by [Proxy.Apply], whose counters are atomic. Nothing on a request's path
// takes a lock or allocates.
//
// A loop's connections own nothing: a client's has an exchange from the first byte of a request until its response is
// out, and the exchange has, for a while, a worker's connection. The exchange holds every buffer that the two need,
// and says how far both are (docs/exchange.md). Whatever a client is told leaves by its responseWriter. Events, errno
// and descriptors are the transport's. What needs neither a loop nor an exchange has a room of its own below this one.
//
// Begin with run in turn.go, then serve in serve.go, which is a request's way in one function.
//
// Floors, top first:
//
//   - proxy, turn, drain, options: the door, a loop's turn, its end, its settings
//   - downstream, upstream: what clients and workers send
//   - serve, response, tunnel, upload: a request and its response
//   - held: a body that is held in a file
//   - park, try: which worker gets it, and what follows when that fails
//   - accept, room, report: which connections have a place, and what PID 1 learns
//   - leave, end, record: how an exchange ends, and what is written down of it
//   - clientend, responsehttp1, responseheld, responsewriter: the client's end of an exchange
//   - pool, service: the worker's
//   - request, exchange, phase: what an exchange is, and how far
//   - deadlines, loop, transport, conn, outcome: what all use
package lbproxy
