// Package house is measured by the tests of command floors.
//
// Floors, top first; what follows the colon is for readers:
//
//   - door, hall: where one comes in
//   - cellar
//
// A list behind the next words is no part of it:
//
//   - attic
package house
