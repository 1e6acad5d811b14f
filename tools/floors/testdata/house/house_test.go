package house

import "testing"

func TestHouse(*testing.T) { new(Hall).leave(&Door{hall: new(Hall)}) }
