// Package sandbox confines the process of a plugin: to the files, addresses, memory, threads and processes that it was
// granted, with what the kernel has for an unprivileged user (Landlock, seccomp, resource limits), also when the host
// runs as root. What the kernel lacks is left out, and the Report says so.
//
// The host starts itself again as a launcher (launch_linux.go), which confines itself and then becomes the plugin's
// program. Any program that links this package can be that launcher; nothing needs to be called. System calls that are
// refused are told to the host, which answers them (broker_linux.go): so they are counted, files that were granted can
// be replaced by others of the same name, and addresses can be granted by name.
//
// Read policy.go for what can be granted, seccomp_linux.go and landlock_linux.go for how it is kept, and watch.go for
// what is only found out by looking.
package sandbox
