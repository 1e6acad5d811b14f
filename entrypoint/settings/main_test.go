package settings

import "flag"

// updatePages makes the tests that hold pages against the code write them anew.
var updatePages = flag.Bool("update", false, "write generated parts of docs anew")
