package hall

import "testing"

func TestHall(*testing.T) { _ = Lamp }
