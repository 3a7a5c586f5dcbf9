package config

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecret bounds a secret's file.
const maxSecret = 64 << 10

// Secret reads a secret from the file or from the environment variable; of the two at most one is named.
// White space around it is cut off. It is "" if neither is named; an empty secret is an error.
func (c *Config) Secret(file, env string) (string, error) {
	switch {
	case file != "" && env != "":
		return "", fmt.Errorf("the secret is both in file %s and in the environment as %s: name one", file, env)
	case file != "":
		return readSecret(c.Path(file))
	case env != "":
		s := strings.TrimSpace(os.Getenv(env))
		if s == "" {
			return "", fmt.Errorf("the environment variable %s is not set or empty", env)
		}
		return s, nil
	default:
		return "", nil
	}
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if s == "" || len(b) > maxSecret {
		return "", fmt.Errorf("%s has %d bytes: a secret has 1 to %d", path, len(b), maxSecret)
	}
	return s, nil
}
