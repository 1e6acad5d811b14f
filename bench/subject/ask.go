package subject

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"percore/e2e/program"
)

// Get fetches a path from a port of this machine, on a connection of its own. Any status but 200 is an error.
func Get(ctx context.Context, port int, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+program.Loopback(port)+path, nil)
	if err != nil {
		return "", fmt.Errorf("get %s: %w", path, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("get %s: %w", path, err)
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return "", fmt.Errorf("get %s: %w", path, err)
	}
	return string(body), nil
}

// MissingHeaders lists the header lines that a proxy on 127.0.0.1 should have sent and has not. Names match in any case.
func MissingHeaders(head, host string) []string {
	seen := map[string]string{}
	for _, line := range strings.Split(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		seen[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	var missing []string
	for _, want := range [][2]string{
		{"Host", host},
		{"X-Real-IP", "127.0.0.1"},
		{"X-Scheme", "http"},
		{"X-Forwarded-For", "127.0.0.1"},
		{"X-Forwarded-Proto", "http"},
		{"X-Forwarded-Host", host},
	} {
		if seen[strings.ToLower(want[0])] != want[1] {
			missing = append(missing, want[0]+": "+want[1])
		}
	}
	return missing
}
