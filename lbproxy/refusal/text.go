package refusal

import (
	"strconv"
	"time"
)

// sizeText writes a number of bytes as one would set it: 32KB, 50MB, 1000.
func sizeText(bytes int64) string {
	units := [...]string{"", "KB", "MB", "GB"}
	unit := 0
	for unit < len(units)-1 && bytes != 0 && bytes%1024 == 0 {
		bytes, unit = bytes/1024, unit+1
	}
	return strconv.FormatInt(bytes, 10) + units[unit]
}

// durationText writes a duration as one would set it: 10s, 1.5s, 300ms.
func durationText(d time.Duration) string {
	if d >= time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	}
	return d.String()
}
