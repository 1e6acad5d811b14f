package catch_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"percore/reaper/catch"
)

// patience is for machines that are busy with something else.
const patience = 20 * time.Second

// children are what this binary does below TestWhatACatcherDoes. With "init" as the first word, the entry catches the
// signals.
var children = map[string]func(*catch.Catcher){
	"order": order, "deadline": deadline, "past": past, "intime": inTime, "pause": pause, "soon": soon, "older": older, "never": never,
	"flood": flood, "crowd": crowd, "value": value,
}

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && children[os.Args[2]] != nil {
		signals, err := catch.All()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		children[os.Args[2]](signals)
		return
	}
	os.Exit(m.Run())
}

// send has a signal sent by another process: our own are not distinguishable from the runtime's.
func send(signals ...syscall.Signal) {
	for _, sig := range signals {
		pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", fmt.Sprintf("kill -%d %d", sig, os.Getpid())}, nil)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// take gives the numbers of n signals that others sent.
func take(signals *catch.Catcher, n int) string {
	var numbers []string
	for len(numbers) < n {
		sig, _, err := signals.Next(time.Time{})
		if err != nil {
			return err.Error()
		}
		if !sig.Own() && !sig.OfChild() {
			numbers = append(numbers, fmt.Sprint(int(sig.Number)))
		}
	}
	return strings.Join(numbers, " ")
}

// rest gives what comes until the deadline.
func rest(signals *catch.Catcher, deadline time.Time) (list []catch.Signal) {
	for {
		sig, inTime, err := signals.Next(deadline)
		if err != nil || !inTime {
			return list
		}
		if !sig.Own() {
			list = append(list, sig)
		}
	}
}

// await takes signals until one is wanted. It is false where none comes for long.
func await(signals *catch.Catcher, wanted func(catch.Signal) bool) (catch.Signal, bool) {
	for deadline := time.Now().Add(patience); ; {
		sig, inTime, err := signals.Next(deadline)
		if err != nil || !inTime {
			return catch.Signal{}, false
		}
		if wanted(sig) {
			return sig, true
		}
	}
}

func order(signals *catch.Catcher) {
	send(syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP)
	fmt.Println(take(signals, 3))
}

func deadline(signals *catch.Catcher) {
	began := time.Now()
	if len(rest(signals, began.Add(20*time.Millisecond))) == 0 && time.Since(began) >= 20*time.Millisecond {
		fmt.Println("none, after 20ms or more")
	}
}

func past(signals *catch.Catcher) {
	if len(rest(signals, time.Now().Add(-time.Hour))) == 0 {
		fmt.Println("none")
	}
}

func isTerm(sig catch.Signal) bool { return sig.Number == syscall.SIGTERM }

func inTime(signals *catch.Catcher) {
	go send(syscall.SIGTERM)
	sig, _ := await(signals, isTerm)
	fmt.Println(int(sig.Number))
}

func pause(signals *catch.Catcher) {
	sent := make(chan struct{})
	go func() {
		send(syscall.SIGUSR1, syscall.SIGUSR1, syscall.SIGUSR1)
		close(sent)
	}()
	began := time.Now()
	if err := catch.Pause(began.Add(30 * time.Millisecond)); err != nil {
		fmt.Println(err)
	}
	if time.Since(began) >= 30*time.Millisecond {
		fmt.Print("after 30ms or more: ")
	}
	<-sent
	fmt.Println(take(signals, 3))
}

func soon(signals *catch.Catcher) {
	send(syscall.SIGUSR1, syscall.SIGCONT, syscall.SIGUSR2)
	fmt.Print(signals.Soon(syscall.SIGCONT, 1, patience), ": ")
	fmt.Println(take(signals, 3))
}

func older(signals *catch.Catcher) {
	send(syscall.SIGCONT, syscall.SIGUSR1)
	fmt.Print(signals.Soon(syscall.SIGCONT, 1, 0), ", then ", signals.Soon(syscall.SIGCONT, 2, 10*time.Millisecond), ", then ")
	send(syscall.SIGCONT)
	fmt.Print(signals.Soon(syscall.SIGCONT, 2, patience), ": ")
	fmt.Println(take(signals, 3))
}

func never(signals *catch.Catcher) {
	send(syscall.SIGUSR1)
	fmt.Print(signals.Soon(syscall.SIGCONT, 1, 10*time.Millisecond), ": ")
	fmt.Println(take(signals, 1))
}

// flood fills the pipe; the signals are our own, which is as good for that.
func flood(signals *catch.Catcher) {
	for range 3000 {
		syscall.Kill(os.Getpid(), 40)
	}
	send(syscall.SIGTERM)
	if _, told := await(signals, isTerm); told {
		fmt.Println("TERM among the last")
	}
}

func crowd(signals *catch.Catcher) {
	for range 30 {
		send(0) // a process that ends is all that is wanted
	}
	if _, told := await(signals, catch.Signal.OfChild); !told {
		fmt.Println("none")
	}
	told := 1
	for _, sig := range rest(signals, time.Now().Add(100*time.Millisecond)) {
		if sig.OfChild() {
			told++
		}
	}
	if told < 30 {
		fmt.Println("one record or few")
	} else {
		fmt.Println(told, "records")
	}
}

// value queues a signal to itself with a value, as sigqueue(3) does.
func value(signals *catch.Catcher) {
	info := [128 / 8]uint64{3: 4711}
	words := (*[32]int32)(unsafe.Pointer(&info))
	words[0], words[2], words[4] = 40, -1, 1 // signo, SI_QUEUE, and another process's pid
	if _, _, errno := syscall.Syscall(syscall.SYS_RT_SIGQUEUEINFO, uintptr(os.Getpid()), 40, uintptr(unsafe.Pointer(&info))); errno != 0 {
		fmt.Println(errno)
		return
	}
	sig, _ := await(signals, catch.Signal.Queued)
	fmt.Printf("%d with %d\n", sig.Number, sig.Value)
}
