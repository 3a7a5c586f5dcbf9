package api

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/logcenter/logcenter/host/plugin/pack"
)

const (
	packagesPath = "/api/v1/plugins/packages"
	maxInstalls  = 2 // packages that are unpacked at once
)

var errNoPackages = &Error{Code: "conflict", Message: "plugins cannot be installed on this host", status: http.StatusConflict}

// installPackage takes a package, as the body or in a form.
func (s *Server) installPackage(c *gin.Context) error {
	p := urlParams(c)
	dry := p.flag("dry_run")
	if err := p.done(); err != nil {
		return err
	}
	if s.o.Packages == nil {
		return errNoPackages
	}
	release, err := take(c.Request.Context(), s.installs, "installations")
	if err != nil {
		return err
	}
	defer release()
	in := &piecewise{s: s, c: c, r: http.MaxBytesReader(c.Writer, c.Request.Body, pack.MaxBytes+maxBody)}
	in.renew()
	body, err := packageBody(c, in)
	if err != nil {
		return err
	}
	info, err := s.o.Packages.Install(c.Request.Context(), body, caller(c).Name, dry)
	if err != nil {
		// A sender that is cut off learns nothing and tries again: the rest, which is bounded, is read before the answer.
		_, _ = io.Copy(io.Discard, in)
		s.writeWithin(c, writeTimeout)
		return err
	}
	bodyRead(c)
	s.writeWithin(c, writeTimeout)
	s.writeJSON(c, http.StatusOK, shownPackage(info))
	return nil
}

// packageBody finds the package in a request.
func packageBody(c *gin.Context, in io.Reader) (io.Reader, error) {
	kind, form, _ := mime.ParseMediaType(c.GetHeader("Content-Type")) // what cannot be parsed is no form
	if kind != "multipart/form-data" {
		return in, nil
	}
	if form["boundary"] == "" {
		return nil, badRequest("let the program that sends the form write Content-Type", "the form has no boundary")
	}
	parts := multipart.NewReader(in, form["boundary"])
	part, err := parts.NextRawPart()
	if err != nil {
		return nil, formError(err)
	}
	if part.FormName() != "file" {
		return nil, badRequest("known is file", "there is no field %.80q in this form", part.FormName())
	}
	return &lastPart{part: part, parts: parts}, nil
}

func (s *Server) listPackages(c *gin.Context) error {
	if s.o.Packages == nil {
		return errNoPackages
	}
	all, err := s.o.Packages.List(c.Request.Context())
	if err != nil {
		return err
	}
	for i := range all {
		all[i] = shownPackage(all[i])
	}
	s.writeJSON(c, http.StatusOK, map[string]any{"packages": list(all)})
	return nil
}

func (s *Server) getPackage(c *gin.Context) error {
	if s.o.Packages == nil {
		return errNoPackages
	}
	info, err := s.o.Packages.Info(c.Request.Context(), c.Param("digest"))
	if err != nil {
		return err
	}
	s.writeJSON(c, http.StatusOK, shownPackage(info))
	return nil
}

func (s *Server) deletePackage(c *gin.Context) error {
	if s.o.Packages == nil {
		return errNoPackages
	}
	if err := s.o.Packages.Remove(c.Request.Context(), c.Param("digest")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// shownPackage is p with [] where there are no permissions.
func shownPackage(p PackageInfo) PackageInfo {
	p.Permissions = list(p.Permissions)
	return p
}
