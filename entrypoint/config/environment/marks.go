package environment

// ByteOrderMark is what some editors put before a file's first character (U+FEFF in UTF-8).
const ByteOrderMark = "\ufeff"

// Unquoted takes one pair of quotes off.
func Unquoted(value string) string {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}
