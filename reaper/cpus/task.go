package cpus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
)

// taskBytesMax bounds the metadata, which describe every container of the task.
const taskBytesMax = 1 << 20

// TaskLimit asks the metadata endpoint of ECS, version 4, for the CPUs that the whole task may use: the kernel shows
// the container only its own limit. uri is ECS_CONTAINER_METADATA_URI_V4. 0 is no limit. ctx bounds it all, and has
// to have a deadline.
func TaskLimit(ctx context.Context, uri string) (float64, error) {
	address, path, ok := strings.Cut(strings.TrimPrefix(uri, "http://"), "/")
	if !ok || !strings.HasPrefix(uri, "http://") || strings.ContainsAny(path, " \r\n") {
		return 0, errors.New("parse task metadata's address: not http://host/path")
	}
	dial := address
	if _, _, err := net.SplitHostPort(address); err != nil {
		dial = net.JoinHostPort(address, "80")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", dial)
	if err != nil {
		return 0, fmt.Errorf("ask for task metadata: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	// An answer to HTTP/1.0 has no chunks (RFC 9112 section 7.1) and ends with the connection.
	_, err = fmt.Fprintf(conn, "GET /%s/task HTTP/1.0\r\nHost: %s\r\nUser-Agent: percore\r\n\r\n",
		strings.TrimSuffix(path, "/"), address)
	if err != nil {
		return 0, fmt.Errorf("ask for task metadata: %w", err)
	}
	limit, err := readTask(bufio.NewReader(io.LimitReader(conn, taskBytesMax)))
	if err != nil {
		return 0, fmt.Errorf("read task metadata: %w", err)
	}
	return limit, nil
}

func readTask(answer *bufio.Reader) (float64, error) {
	status, err := answer.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if words := strings.Fields(status); len(words) < 2 || words[1] != "200" {
		return 0, fmt.Errorf("got %q", strings.TrimSpace(status))
	}
	for line := status; strings.TrimSpace(line) != ""; {
		if line, err = answer.ReadString('\n'); err != nil {
			return 0, err
		}
	}
	var task struct{ Limits struct{ CPU float64 } }
	if err := json.NewDecoder(answer).Decode(&task); err != nil {
		return 0, err
	}
	return task.Limits.CPU, nil
}

// AtMost is c under the task's limit, in CPUs, rounded up as a quota is; 0 is none.
func (c Count) AtMost(limit float64) Count {
	if limit <= 0 || limit > math.MaxInt32 {
		return c
	}
	why := fmt.Sprintf("ECS task limit %.4g", limit)
	n := int(math.Ceil(limit))
	if float64(n) != limit {
		why += " rounded up"
	}
	if n < c.N {
		return Count{N: n, Why: why + "; " + c.Why}
	}
	return Count{N: c.N, Why: c.Why + "; " + why}
}
