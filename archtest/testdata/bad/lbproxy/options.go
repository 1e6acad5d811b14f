package lbproxy

// Options are what a plan carries over. Nothing goes by Namesake and Set.
type Options struct {
	Carried  string
	Namesake string
	Set      string
	Services []ServiceOptions
}

// ServiceOptions are those of one service.
type ServiceOptions struct{ Chosen string }

// other has a field of the same name as an option.
type other struct{ Namesake string }

func (o *Options) goBy(one other) string {
	o.Set = one.Namesake
	return o.Carried + o.Services[0].Chosen
}
