package store

import "context"

// Replicated is what a store may be besides: one that keeps each event on several machines.
type Replicated interface {
	// Replicas says how many copies there are.
	Replicas(ctx context.Context) (Replicas, error)
	// SetReplicas changes how many copies there are of all events, those to come included, until the store is opened
	// again. Copies are made and removed in the background. [ErrRequest] if there cannot be n.
	SetReplicas(ctx context.Context, n int) error
}

// MaxReplicas bounds the copies of an event.
const MaxReplicas = 16

// Replicas tells how many copies of its shards a store is to have, and how many it lacks.
type Replicas struct {
	Wanted  int `json:"wanted"`  // copies of each shard, besides itself
	Making  int `json:"making"`  // copies that are being made, of all shards
	Missing int `json:"missing"` // copies that nobody makes: there are fewer nodes than copies, or nodes are full
}
