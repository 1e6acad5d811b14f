package alarm

import "time"

// Words is a duration as people say it: "3h2m", "12.3s", "45ms".
func Words(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	default:
		text := d.Round(time.Minute).String()
		return text[:len(text)-len("0s")]
	}
}
