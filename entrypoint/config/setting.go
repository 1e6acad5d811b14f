package config

// Source is where a value comes from.
type Source string

// The sources of values.
const (
	FromEnvironment    Source = "environment"     // the variable itself
	FromFile           Source = "file"            // the file that its _FILE twin names
	FromArguments      Source = "arguments"       // percore's command line
	FromCommand        Source = "command"         // after the worker's command
	FromFleet          Source = "fleet"           // a further program's, which takes over the fleet's
	FromPort           Source = "PORT"            // the bare variable
	FromWebConcurrency Source = "WEB_CONCURRENCY" // the bare variable
	FromSurroundings   Source = "detected"        // what percore runs as or on
	FromDefault        Source = "default"
)

// Setting is the value of one variable and where it comes from.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"` // in the form that it is read in, or a mask; empty when unset
	Source Source `json:"source"`
	Reason string `json:"reason,omitempty"` // the file, or what was detected; may be empty
}
