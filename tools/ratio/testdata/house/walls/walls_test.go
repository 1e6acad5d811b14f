package walls

import "testing"

func TestWalls(*testing.T) {}
