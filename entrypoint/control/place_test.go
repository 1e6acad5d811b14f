package control

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestWhatAPlaceIs(t *testing.T) {
	for place, want := range map[Place]struct {
		abstract bool
		url      string
	}{
		"/run/percore.sock": {url: "unix:///run/percore.sock"},
		"@mine":             {abstract: true, url: "unix://@mine"},
		"":                  {url: "unix://"},
	} {
		if place.Abstract() != want.abstract || place.URL() != want.url {
			t.Errorf("%q: got abstract %t and %s, want %t and %s", place, place.Abstract(), place.URL(), want.abstract, want.url)
		}
	}
}

func TestAPrivatePlaceIsNewEachTimeAndFoundByItsPrefix(t *testing.T) {
	one, two := privatePlace(), privatePlace()
	if one == two || !one.Abstract() || !strings.HasPrefix(string(one), privatePrefix()) {
		t.Errorf("got %s and %s, want two abstract places with the prefix %s", one, two, privatePrefix())
	}
}

func TestPrivatePlacesComeByPIDAndOnce(t *testing.T) {
	line := func(name string) string {
		return "0000000000000000: 00000002 00000000 00010000 0001 01 12345 " + name + "\n"
	}
	proc := fstest.MapFS{"net/unix": {Data: []byte("Num RefCount Protocol Flags Type St Inode Path\n" +
		line(privatePrefix()+"30-aa") + line("/run/x.sock") + line(privatePrefix()+"4-bb") + line(privatePrefix()+"30-aa") + line(privatePrefix()+"1-cc") +
		line("@percore-1-4-dd") + line(privatePrefix()+"many-ee") + "0000000000000000: 00000002\n")}}
	var got []string
	for _, c := range privatePlaces(proc) {
		got = append(got, strconv.Itoa(c.pid)+" "+strings.TrimPrefix(string(c.place), privatePrefix()))
	}
	if want := []string{"1 1-cc", "4 4-bb", "30 30-aa"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if list := privatePlaces(fstest.MapFS{}); list != nil {
		t.Errorf("without a /proc: got %v, want none", list)
	}
}

func TestACommandLineIsShownInOneLine(t *testing.T) {
	proc := fstest.MapFS{"7/cmdline": {Data: []byte("/percore\x00python3\x00main.py\x00")}, "8/cmdline": {}}
	for pid, want := range map[int]string{7: "/percore python3 main.py", 8: "", 9: "?"} {
		if got := commandLine(proc, pid); got != want {
			t.Errorf("pid %d: got %q, want %q", pid, got, want)
		}
	}
}
