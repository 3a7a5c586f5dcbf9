package timestamp

import (
	"strings"
	"testing"
	"time"
)

func BenchmarkParse(b *testing.B) {
	ref := time.Unix(1791691201, 0)
	for text, layout := range samples {
		l, data := MustCompile(layout), []byte(text)
		b.Run(strings.ReplaceAll(layout, " ", "_"), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := l.ParseAt(data, shanghai, ref); !ok {
					b.Fatal("not read")
				}
			}
		})
	}
}

// What package time takes for the same.
func BenchmarkTimeParse(b *testing.B) {
	for text, layout := range samples {
		if !strings.Contains(layout, "05") {
			continue
		}
		b.Run(strings.ReplaceAll(layout, " ", "_"), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := time.ParseInLocation(layout, text, shanghai); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDetect(b *testing.B) {
	for text := range samples {
		data := []byte(text)
		b.Run(strings.ReplaceAll(text, " ", "_"), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				Detect(data)
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	buf := make([]byte, 0, 32)
	b.SetBytes(19)
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], 1791691201_999999999, shanghai)
	}
}
