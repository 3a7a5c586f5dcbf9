package scaffold

import "fmt"

func (f *Folder) kind(o Options) error { return fmt.Errorf("%s: not yet", o.Kind) }
