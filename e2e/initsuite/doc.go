// Package initsuite holds an init to the promises of docs/init.md: percore's by default, or any
// other's, so that "better than" is a table and no claim.
//
//	go test ./e2e/initsuite                                   percore must keep every promise
//	PERCORE_E2E_INIT="tini --" go test -v ./e2e/initsuite     what another init keeps of them
//	go test ./e2e/initsuite -run TestCompare -compare         all of them, and docs/init.md
//
// A scenario starts an init as the real PID 1 of a namespace, as an ordinary process or in a container,
// with a small C program under it (testdata/probe) that says what it sees and what reaches it. It gives
// a verdict, yes, no or a figure, and not just success, because the others may fail without failing the run.
package initsuite
