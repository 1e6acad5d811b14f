package hall_test

var _ = 1
