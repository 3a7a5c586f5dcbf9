package archive

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket says where a bucket is. Endpoint, Name, AccessKey and SecretKey are required.
type Bucket struct {
	Endpoint  string // e.g. https://s3.example.com:9000
	Name      string
	Prefix    string // of all names, without slashes around it; may be empty
	Region    string // empty means us-east-1
	AccessKey string
	SecretKey string
	CAFile    string // PEM; empty means the system's authorities
}

// bucket is an archive in a bucket of an S3-compatible store.
type bucket struct {
	client *minio.Client
	name   string
	prefix string
	where  string
}

// Waits for a store that does not answer; a transfer takes as long as it takes.
const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 2 * time.Minute
)

// NewBucket checks the options. It does not connect.
func NewBucket(o Bucket) (Destination, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("%q is not the address of an S3 store: write e.g. https://s3.example.com", o.Endpoint)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = answerTimeout
	t.TLSHandshakeTimeout = dialTimeout
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", o.CAFile)
		}
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: u.Scheme == "https", Transport: t,
		Region: o.Region, BucketLookup: minio.BucketLookupPath, MaxRetries: 3, TrailingHeaders: true,
	})
	if err != nil {
		return nil, err
	}
	b := &bucket{client: c, name: o.Name, prefix: strings.Trim(o.Prefix, "/")}
	if b.prefix != "" {
		b.prefix += "/"
	}
	b.where = strings.TrimRight(o.Endpoint, "/") + "/" + o.Name + "/" + b.prefix
	return b, nil
}

func (b *bucket) Local(string) string { return "" }
func (b *bucket) String() string      { return b.where }

// Put implements [Destination]. The store checks the SHA-256 before it keeps the object.
func (b *bucket) Put(ctx context.Context, name string, r io.Reader, size int64, sum [sha256.Size]byte) error {
	_, err := b.client.PutObject(ctx, b.name, b.prefix+name, r, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", DisableMultipart: true, SendContentMd5: true,
		UserMetadata: map[string]string{"x-amz-checksum-sha256": base64.StdEncoding.EncodeToString(sum[:])},
	})
	return b.explain(err)
}

// Get implements [Destination].
func (b *bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	o, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err == nil {
		_, err = o.Stat() // the request is made at the first use
	}
	if err != nil {
		return nil, b.explain(err)
	}
	return o, nil
}

// List implements [Destination].
func (b *bucket) List(ctx context.Context, folder string) (out []Object, err error) {
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix + folder, Recursive: true}) {
		if o.Err != nil {
			return nil, b.explain(o.Err)
		}
		out = append(out, Object{strings.TrimPrefix(o.Key, b.prefix), o.Size})
	}
	return out, nil
}

// Remove implements [Destination].
func (b *bucket) Remove(ctx context.Context, name string) error {
	err := b.explain(b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// explain says what a refusal means, and never has a secret in it.
func (b *bucket) explain(err error) error {
	var e minio.ErrorResponse
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return fmt.Errorf("the bucket %s cannot be reached: %w", b.where, err)
	}
	switch e.Code {
	case "NoSuchKey":
		return fmt.Errorf("%s%s: %w", b.where, e.Key, fs.ErrNotExist)
	case "NoSuchBucket":
		return fmt.Errorf("there is no bucket %s at %s: make it, Logcenter does not", b.name, b.where)
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fmt.Errorf("%s refuses these keys (%s): they need to list the bucket, and to get, put and delete objects", b.where, e.Code)
	default:
		return fmt.Errorf("%s: %s: %s", b.where, e.Code, e.Message)
	}
}
