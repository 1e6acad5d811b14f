module percore

go 1.26.0

require (
	github.com/kelseyhightower/envconfig v1.4.0
	github.com/oklog/run v1.2.0
	golang.org/x/sys v0.48.0
)
