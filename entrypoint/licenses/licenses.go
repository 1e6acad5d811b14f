// Package licenses has the licenses of all that is linked into the binary, as they ask for when it is passed on.
package licenses

import _ "embed"

//go:generate go run ./internal/gen THIRD_PARTY_LICENSES

// ThirdParty is the text, made from go.mod and the modules themselves.
//
//go:embed THIRD_PARTY_LICENSES
var ThirdParty string
