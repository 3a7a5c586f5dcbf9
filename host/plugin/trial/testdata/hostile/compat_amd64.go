package main

func compat(number uintptr) uintptr
