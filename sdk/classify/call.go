package classify

// calls are the verbs that names of calls begin with, and what they are as event.type.
var calls = [...]struct{ verb, is string }{
	{"Get", "access"},
	{"List", "access"},
	{"Describe", "access"},
	{"Query", "access"},
	{"Lookup", "access"},
	{"Search", "access"},
	{"Head", "access"},
	{"Create", "creation"},
	{"Run", "creation"},
	{"Register", "creation"},
	{"Delete", "deletion"},
	{"Terminate", "deletion"},
	{"Remove", "deletion"},
	{"Release", "deletion"},
	{"Deregister", "deletion"},
}

// Call tells what a call of a service does by the verb that its name begins with, as clouds name them: CreateUser,
// ListBuckets, DescribeInstances. It is event.type: access, creation or deletion; "" for a verb that may mean anything.
func Call(name []byte) string {
	for i := range calls {
		if v := calls[i].verb; len(name) >= len(v) && string(name[:len(v)]) == v {
			return calls[i].is
		}
	}
	return ""
}
