package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/input"
	"github.com/logcenter/logcenter/host/input/file"
	"github.com/logcenter/logcenter/host/input/httpin"
	"github.com/logcenter/logcenter/host/input/syslog"
)

func (s *Service) openInputs(context.Context) error {
	env := input.Env{Intake: s.intake, Dir: s.path("inputs"), Logf: s.log.Warnf}
	for i := range s.cfg.Inputs {
		c := &s.cfg.Inputs[i]
		in, err := s.newInput(c, env)
		if err != nil {
			return err
		}
		if o, ok := in.(input.Opener); ok {
			// One port that another program has must not keep out what comes in by the others. RunAll tells of it,
			// and tries again.
			_ = o.Open()
		}
		s.inputs = append(s.inputs, in)
	}
	return nil
}

func common(c *config.Input) input.Common {
	o := input.Common{
		Name: c.Name, Parser: c.Parser, Timezone: c.Timezone, Encoding: c.Encoding, Tags: c.Tags,
		MaxRecordBytes: int(c.MaxRecordBytes),
	}
	if m := c.Multiline; m != nil {
		o.Multiline = input.Multiline{Start: m.Start, Indent: m.Indent, MaxLines: m.MaxLines, Wait: m.Wait}
	}
	return o
}

func (s *Service) newInput(c *config.Input, env input.Env) (input.Input, error) {
	switch {
	case c.Syslog != nil:
		o := syslog.Config{
			Common: common(c), UDP: c.Syslog.UDP, TCP: c.Syslog.TCP, MaxConnections: c.Syslog.MaxConnections,
			IdleTimeout: c.Syslog.IdleTimeout, ReadBuffer: int(c.Syslog.ReadBuffer),
		}
		if c.Syslog.TLS != nil {
			o.TLS = func() (*tls.Config, error) { return loadTLS(s.cfg, c.Syslog.TLS) }
		}
		return syslog.New(o, env)
	case c.File != nil:
		return file.New(file.Config{
			Common: common(c), Paths: c.File.Paths, FromStart: c.File.From == "start", Poll: c.File.Poll, MaxFiles: c.File.MaxFiles,
		}, env)
	case c.HTTP != nil:
		in, err := httpin.New(httpin.Config{Common: common(c), MaxBodyBytes: int64(c.HTTP.MaxBodyBytes), Path: "/api/v1/ingest/" + c.Name}, env)
		if err != nil {
			return nil, err
		}
		s.handlers[c.Name] = in
		s.tokens[c.Name], err = s.cfg.Secret(c.HTTP.TokenFile, c.HTTP.TokenEnv)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", c.Name, err)
		}
		return in, nil
	default:
		return nil, fmt.Errorf("input %s is of no known kind", c.Name)
	}
}

// TryPorts says which of the configured addresses a host could not listen on now, and why.
func TryPorts(cfg *config.Config) (refused []error) {
	l, err := net.Listen("tcp", cfg.HTTP.Listen)
	if err != nil {
		refused = append(refused, fmt.Errorf("%w; the host would not start", listenError(cfg, err)))
	} else {
		_ = l.Close() // it was never used
	}
	for i := range cfg.Inputs {
		c := &cfg.Inputs[i]
		if c.Syslog == nil {
			continue
		}
		if err := syslog.Try(syslog.Config{Common: common(c), UDP: c.Syslog.UDP, TCP: c.Syslog.TCP}); err != nil {
			refused = append(refused, fmt.Errorf("%w; the host would start without this input and try again", err))
		}
	}
	return refused
}

func listenError(cfg *config.Config, err error) error {
	return fmt.Errorf("http.listen %s: %w: stop what uses the address, or set another", cfg.HTTP.Listen, err)
}

// loadTLS reads a server's certificate.
func loadTLS(cfg *config.Config, c *config.TLS) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(cfg.Path(c.CertFile), cfg.Path(c.KeyFile))
	if err != nil {
		return nil, err
	}
	o := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if c.ClientCAFile == "" {
		return o, nil
	}
	pem, err := os.ReadFile(cfg.Path(c.ClientCAFile))
	if err != nil {
		return nil, err
	}
	o.ClientCAs = x509.NewCertPool()
	if !o.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("client_ca_file holds no certificate in PEM")
	}
	o.ClientAuth = tls.RequireAndVerifyClientCert
	return o, nil
}
