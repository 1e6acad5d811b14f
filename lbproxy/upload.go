package lbproxy

import "percore/lbproxy/buffer"

// upload is what a client has sent of its request, and what is still to come of it.
type upload struct {
	state                 uploadState
	in                    buffer.Box // bytes that are not parsed yet
	seen                  int        // how many of them the codec has looked at
	body                  body       // what is still to come
	forgot                bool       // what was sent ahead was dropped, and more of it may be on its way
	expects               bool       // the client waits for 100, and the worker was asked to say it
	paceMillis, paceBytes int64      // when, and after how much of the body, its current span began; deadlines.go
}
