package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/host/config"
	"github.com/logcenter/logcenter/host/service"
)

type runOptions struct {
	config, data string
	plugins      []string
	demo         bool
}

func newRunCommand() *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "run the log center",
		Long: `Run the log center until it is interrupted: take logs in, parse, enrich, mask, store, watch and serve them.

Without --config it listens on loopback only: HTTP on 127.0.0.1:8080, syslog (UDP and TCP) on 127.0.0.1:5514. It
keeps all its data in one folder, ./data or what --data says. The admin token is made at the first start and lies
in admin.token there.

SIGHUP has it read classification, plugins.settings, and routes, escalations, channels and outbox of alerts from the
configuration file again.`,
		Example: `  logcenter run
  logcenter run --demo
  logcenter config example > logcenter.yaml && logcenter run --config logcenter.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHost(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "configuration `file`; without it everything has its default")
	f.StringVar(&o.data, "data", "", "`folder` for all data, in place of the configuration's data_dir")
	f.StringArrayVar(&o.plugins, "plugins", nil, "`folder` with plugins, in place of the configuration's; can be given again")
	f.BoolVar(&o.demo, "demo", false, "feed made-up traffic of a small bank: the last hour at once, with verdicts on its alerts, then as it happens")
	return cmd
}

func (o *runOptions) load() (*config.Config, error) {
	cfg := config.Default()
	if o.config != "" {
		var err error
		if cfg, err = config.Load(o.config); err != nil {
			return nil, &configError{err}
		}
	}
	if o.data != "" {
		abs, err := filepath.Abs(o.data)
		if err != nil {
			return nil, err
		}
		cfg.DataDir = abs
	}
	if len(o.plugins) > 0 {
		cfg.Plugins.Dirs = nil
		for _, d := range o.plugins {
			abs, err := filepath.Abs(d)
			if err != nil {
				return nil, err
			}
			cfg.Plugins.Dirs = append(cfg.Plugins.Dirs, abs)
		}
	}
	return cfg, nil
}

func newLog(c config.Log, w io.Writer) (*logrus.Logger, error) {
	log := logrus.New()
	log.SetOutput(w)
	level, err := logrus.ParseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	log.SetLevel(level)
	log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true, TimestampFormat: "2006-01-02 15:04:05"})
	if c.Format == "json" {
		log.SetFormatter(&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano})
	}
	return log, nil
}

func runHost(ctx context.Context, o *runOptions, out, errs io.Writer) error {
	cfg, err := o.load()
	if err != nil {
		return err
	}
	log, err := newLog(cfg.Log, errs)
	if err != nil {
		return &configError{err}
	}
	s, err := service.Open(ctx, cfg, log, version)
	if err != nil {
		return err
	}
	feed, stopFeed := context.WithCancel(ctx)
	defer stopFeed()
	defer onHangup(func() {
		if err := s.Reconfigure(ctx); err != nil {
			log.WithError(err).Error("not all of the configuration file is in effect")
		}
	})()
	err = s.Run(ctx, func() {
		greet(out, cfg, s)
		if o.demo {
			go feedDemo(feed, cfg, s, log)
		}
	})
	stopFeed()
	return errors.Join(err, s.Close())
}

// onHangup calls f for every SIGHUP, one after the other, until stop.
func onHangup(f func()) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-signals:
				f()
			case <-done:
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(done)
		wg.Wait()
	}
}

// greet says where the host listens and what to try.
func greet(out io.Writer, cfg *config.Config, s *service.Service) {
	var where []string
	for _, in := range s.Inputs() {
		st := in.Stats()
		at := st.Name + " (" + strings.Join(st.Address, ", ") + ")"
		if st.State == "failed" {
			at += " DOES NOT WORK: " + st.LastError
		}
		where = append(where, at)
	}
	token := filepath.Join(cfg.Path(cfg.DataDir), service.TokenFile)
	flag := ""
	if cwd, err := os.Getwd(); err != nil || token != filepath.Join(cwd, "data", service.TokenFile) {
		flag = " --token-file " + token
	}
	if a := s.Addr().String(); a != "127.0.0.1:8080" {
		flag += " --url http://" + a
	}
	self := os.Args[0]
	// A greeting that cannot be printed is no reason to stop.
	_, _ = fmt.Fprintf(out, `Logcenter %s runs.
  API     http://%s/api/v1/
  inputs  %s
  data    %s

Try:
  %s search 'observer.type:ips AND log.level:(Error OR Fatal)' --from -1h%s
  %s agg '*' --hist '@timestamp:5m' --terms event.dataset --from -1h%s
  %s tail 'log.level:Error'%s
`, version, s.Addr(), strings.Join(where, ", "), cfg.Path(cfg.DataDir), self, flag, self, flag, self, flag)
}
