package http1

// The refusals. They are constants in spirit: they are never written to, and callers read only Status and Reason.
var (
	errBareLF         = &Error{400, "line ends with a bare LF"}
	errBareCR         = &Error{400, "bare CR in the head"}
	errEmptyLines     = &Error{400, "too many empty lines before the request"}
	errRequestLine    = &Error{400, "malformed request line"}
	errMethod         = &Error{400, "malformed method"}
	errMethodTooLong  = &Error{400, "method too long"}
	errMethodRefused  = &Error{405, "method not allowed"}
	errTarget         = &Error{400, "malformed request target"}
	errTargetTooLong  = &Error{414, "request target too long"}
	errScheme         = &Error{400, "request target with a scheme other than http"}
	errVersion        = &Error{505, "HTTP version not supported"}
	errHTTP09         = &Error{400, "request line without HTTP version"}
	errHeadTooLarge   = &Error{431, "head too large"}
	errTooManyFields  = &Error{431, "too many fields"}
	errFieldFolded    = &Error{400, "folded field line"}
	errFieldName      = &Error{400, "malformed field name"}
	errFieldNoColon   = &Error{400, "field line without a colon"}
	errFieldSpace     = &Error{400, "whitespace before the colon"}
	errFieldValue     = &Error{400, "control character in a field value"}
	errHostMissing    = &Error{400, "missing Host"}
	errHostRepeated   = &Error{400, "more than one Host"}
	errHost           = &Error{400, "malformed Host"}
	errLength         = &Error{400, "malformed Content-Length"}
	errLengthRepeated = &Error{400, "more than one Content-Length"}
	errLengthCoding   = &Error{400, "Content-Length with Transfer-Encoding"}
	errCoding         = &Error{400, "Transfer-Encoding other than chunked"}
	errCodingUnknown  = &Error{501, "transfer coding not implemented"}
	errCodingHTTP10   = &Error{400, "Transfer-Encoding in an HTTP/1.0 message"}
	errBodyHTTP10     = &Error{400, "body in an HTTP/1.0 GET, HEAD or DELETE"}
	errConnection     = &Error{400, "Connection names a field that must reach the recipient"}
	errConnectionLong = &Error{400, "Connection names too many fields"}
	errMaxForwards    = &Error{400, "malformed Max-Forwards"}
	errExpectation    = &Error{417, "unknown expectation"}
	errStatusLine     = &Error{502, "malformed status line"}
)

// The refusals of a chunked body. In a response the caller answers 502 instead of Status.
var (
	errChunkSize     = &Error{400, "malformed chunk size"}
	errChunkTooLarge = &Error{400, "chunk size too large"}
	errChunkExt      = &Error{400, "malformed chunk extension"}
	errChunkExtLong  = &Error{400, "chunk extension too long"}
	errChunkLine     = &Error{400, "malformed line end in chunk framing"}
	errTrailer       = &Error{400, "malformed trailer section"}
	errTrailerLong   = &Error{400, "trailer section too large"}
)
