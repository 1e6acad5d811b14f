module crooked

go 1.26.0

require (
	example.org/surprise v1.0.0
	github.com/kelseyhightower/envconfig v1.4.0
	golang.org/x/sys v0.48.0
)
