// Package scaffold writes the folder of a new plugin.
//
// Its one idea: what is written is what a careful author would have written by hand, complete and passing its tests,
// so that the author changes a working plugin instead of filling in a form. Texts are templates beside this file; what a
// parser does with the lines of a device is said by package infer.
package scaffold
