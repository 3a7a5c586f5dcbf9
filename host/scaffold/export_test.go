package scaffold

// Exported is for the test that compares it with package ecs.
var Exported = exported
