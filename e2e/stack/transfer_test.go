package stack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

const mebibyte = 1 << 20

// sixtyFourMebibytes go up and come down through the published port, with a length and in chunks.
func sixtyFourMebibytes(t *testing.T, c *container) {
	const size = 64 * mebibyte
	url := "http://" + c.published()
	body := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(body)
	client := &http.Client{Timeout: time.Minute}
	for _, chunked := range []bool{false, true} {
		if got, want := upload(t, client, url+"/upload", body, chunked), sum(sha256.New(), body); got != want {
			t.Errorf("hash of an upload, chunked %v: got %s, want %s", chunked, got, want)
		}
		path := fmt.Sprintf("/download?bytes=%d", size)
		if chunked {
			path += "&chunked=1"
		}
		if got, want := download(t, client, url+path), downloadable(size); got != want {
			t.Errorf("hash of a download, chunked %v: got %s, want %s", chunked, got, want)
		}
	}
}

func sum(h hash.Hash, b []byte) string {
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

// upload puts body and returns the hash that the application has computed of it.
func upload(t *testing.T, client *http.Client, url string, body []byte, chunked bool) string {
	t.Helper()
	var source io.Reader = bytes.NewReader(body)
	if chunked {
		source = io.MultiReader(source) // net/http cannot know how long it is
	}
	request, err := http.NewRequest(http.MethodPut, url, source)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got struct {
		Length int
		SHA256 string
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.Length != len(body) {
		t.Fatalf("PUT %s: got %s, length %d, error %v; want length %d", url, answer.Status, got.Length, err, len(body))
	}
	return got.SHA256
}

// download returns the hash of what comes.
func download(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	h := sha256.New()
	if n, err := io.Copy(h, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: got %s, %d bytes, error %v", url, answer.Status, n, err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// downloadable is the hash of what /download of the example sends: blocks of 64 KiB that count from 0 to 255 over
// and over, with the block's number in the first eight bytes.
func downloadable(size int) string {
	block := make([]byte, 64<<10)
	h := sha256.New()
	for number := range size / len(block) {
		for i := range block {
			block[i] = byte(i)
		}
		for i := range 8 {
			block[i] = byte(number >> (56 - 8*i))
		}
		h.Write(block)
	}
	return hex.EncodeToString(h.Sum(nil))
}
