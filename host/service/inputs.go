package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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
			if err := o.Open(); err != nil {
				return err
			}
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
			var err error
			if o.TLS, err = s.tls(c.Syslog.TLS); err != nil {
				return nil, fmt.Errorf("input %s: tls: %w", c.Name, err)
			}
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

// tls reads a server's certificate.
func (s *Service) tls(c *config.TLS) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(s.cfg.Path(c.CertFile), s.cfg.Path(c.KeyFile))
	if err != nil {
		return nil, err
	}
	o := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if c.ClientCAFile == "" {
		return o, nil
	}
	pem, err := os.ReadFile(s.cfg.Path(c.ClientCAFile))
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
