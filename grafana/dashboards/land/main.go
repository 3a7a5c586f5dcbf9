// Command land makes the map of the dashboards out of the topology of the npm package world-atlas: the land of the earth
// as one GeoJSON feature, without borders and names, which nobody disputes.
//
//	go run ./grafana/dashboards/land -out grafana/src/img/land.geojson land-110m.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
)

// topology is a file of TopoJSON as far as world-atlas has it: arcs of differences of whole numbers, scaled and moved.
type topology struct {
	Transform struct {
		Scale     [2]float64 `json:"scale"`
		Translate [2]float64 `json:"translate"`
	} `json:"transform"`
	Arcs    [][][2]int `json:"arcs"`
	Objects struct {
		Land struct {
			Geometries []struct {
				Type string    `json:"type"`
				Arcs [][][]int `json:"arcs"` // polygons of rings of arcs; one that is negative is ^arc, backwards
			} `json:"geometries"`
		} `json:"land"`
	} `json:"objects"`
}

type point [2]float64 // degrees east, degrees north

// south is as far as the square map of the web reaches.
const south = -85.05

func main() {
	out := flag.String("out", "land.geojson", "`file` that is written")
	flag.Parse()
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "land:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var t topology
	if err := json.Unmarshal(b, &t); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	polygons := [][][]point{}
	for _, g := range t.Objects.Land.Geometries {
		if g.Type != "MultiPolygon" {
			return fmt.Errorf("%s: its land is a %s: this reads the land of world-atlas, a MultiPolygon", from, g.Type)
		}
		for _, rings := range g.Arcs {
			polygon := [][]point{}
			for _, arcs := range rings {
				polygon = append(polygon, t.ring(arcs))
			}
			polygons = append(polygons, polygon)
		}
	}
	b, err = json.Marshal(map[string]any{
		"type": "FeatureCollection",
		"features": []any{map[string]any{
			"type": "Feature", "properties": map[string]any{"source": "Natural Earth, public domain"},
			"geometry": map[string]any{"type": "MultiPolygon", "coordinates": polygons},
		}},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(to, append(b, '\n'), 0o644)
}

// ring puts arcs behind each other; each begins where the one before ends.
func (t *topology) ring(arcs []int) (ring []point) {
	for _, a := range arcs {
		points := t.arc(max(a, ^a))
		if a < 0 {
			for i, k := 0, len(points)-1; i < k; i, k = i+1, k-1 {
				points[i], points[k] = points[k], points[i]
			}
		}
		if len(ring) > 0 {
			points = points[1:]
		}
		ring = append(ring, points...)
	}
	return ring
}

func (t *topology) arc(n int) []point {
	var x, y int
	points := make([]point, len(t.Arcs[n]))
	for i, d := range t.Arcs[n] {
		x, y = x+d[0], y+d[1]
		points[i] = point{
			hundredth(float64(x)*t.Transform.Scale[0] + t.Transform.Translate[0]),
			hundredth(max(south, float64(y)*t.Transform.Scale[1]+t.Transform.Translate[1])),
		}
	}
	return points
}

// hundredth rounds degrees to about a kilometre, finer than the source is.
func hundredth(v float64) float64 { return math.Round(v*100) / 100 }
