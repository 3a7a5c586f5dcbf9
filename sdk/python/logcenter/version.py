"""The version of the SDK, told to the host."""

VERSION = "0.1.0"
