package main

import (
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/google/pprof/profile"
)

// period is the time between two samples at 100 Hz.
const period = 10_000_000

var (
	areas     = []string{"billing", "search", "cart", "ingest", "render", "auth", "stock", "mail", "audit", "geo"}
	tenants   = []string{"acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "wonka"}
	endpoints = []string{"GET /", "GET /item", "GET /search", "POST /cart", "POST /order", "PUT /profile"}
)

type builder struct {
	rng   *rand.Rand
	depth int
	p     *profile.Profile
	main  *profile.Mapping
	// calls lists, by location, the locations it may call: stacks follow these edges.
	calls [][]int
}

func newBuilder(seed uint64, functions, depth int) *builder {
	b := &builder{rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), depth: depth}
	b.main = &profile.Mapping{
		ID: 1, Start: 0x400000, Limit: 0x4000000, File: "/srv/synth/synth", BuildID: "5ee0c0de",
		HasFunctions: true, HasFilenames: true, HasLineNumbers: true, HasInlineFrames: true,
	}
	b.p = &profile.Profile{
		SampleType:    []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType:    &profile.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:        period,
		TimeNanos:     1_767_225_600_000_000_000,
		DurationNanos: 60_000_000_000,
		Mapping:       []*profile.Mapping{b.main},
	}
	for n := range functions {
		b.function(n)
	}
	for range functions * 2 {
		b.location()
	}
	b.edges()
	return b
}

func (b *builder) function(n int) {
	area := areas[b.rng.IntN(len(areas))]
	name := fmt.Sprintf("example.com/synth/%s.(*Worker%d).step%d", area, n%97, n)
	b.p.Function = append(b.p.Function, &profile.Function{
		ID: uint64(n + 1), Name: name, SystemName: name,
		Filename: fmt.Sprintf("example.com/synth/%s/worker%d.go", area, n%97), StartLine: int64(10 + b.rng.IntN(900)),
	})
}

// location makes a location of one to three lines: the outer ones are where inlined calls happen.
func (b *builder) location() {
	id := len(b.p.Location) + 1
	l := &profile.Location{ID: uint64(id), Mapping: b.main, Address: 0x400000 + uint64(id)*32 + uint64(b.rng.IntN(16))}
	lines := 1
	if b.rng.IntN(4) == 0 {
		lines += 1 + b.rng.IntN(2)
	}
	for range lines {
		f := b.p.Function[b.rng.IntN(len(b.p.Function))]
		l.Line = append(l.Line, profile.Line{Function: f, Line: f.StartLine + int64(b.rng.IntN(60))})
	}
	b.p.Location = append(b.p.Location, l)
}

func (b *builder) edges() {
	total := len(b.p.Location)
	b.calls = make([][]int, total)
	for from := range total {
		for range 1 + b.rng.IntN(5) {
			b.calls[from] = append(b.calls[from], b.rng.IntN(total))
		}
	}
}

func (b *builder) build(samples int) *profile.Profile {
	for range samples {
		count := int64(1)
		if b.rng.IntN(10) == 0 {
			count += int64(b.rng.ExpFloat64() * 20)
		}
		b.p.Sample = append(b.p.Sample, &profile.Sample{
			Location: b.stack(), Value: []int64{count, count * period},
			Label: b.labels(), NumLabel: b.numbers(),
		})
	}
	return b.p
}

// stack walks call edges from one of a few roots and gives the frames leaf first.
func (b *builder) stack() []*profile.Location {
	at := b.rng.IntN(8)
	length := 4 + b.rng.IntN(b.depth-3)
	frames := make([]*profile.Location, length)
	for i := length - 1; i >= 0; i-- {
		frames[i] = b.p.Location[at]
		next := b.calls[at]
		at = next[b.rng.IntN(len(next))]
	}
	return frames
}

func (b *builder) labels() map[string][]string {
	if b.rng.IntN(20) == 0 {
		return nil
	}
	labels := map[string][]string{"tenant": {tenants[min(b.rng.IntN(8), b.rng.IntN(8))]}}
	if b.rng.IntN(3) > 0 {
		labels["endpoint"] = []string{endpoints[b.rng.IntN(len(endpoints))]}
	}
	return labels
}

func (b *builder) numbers() map[string][]int64 {
	if b.rng.IntN(4) > 0 {
		return nil
	}
	return map[string][]int64{"request bytes": {int64(256) << b.rng.IntN(8)}}
}

func write(name string, p *profile.Profile) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.CheckValid(); err != nil {
		return err
	}
	if err := p.Write(f); err != nil {
		return err
	}
	return f.Close()
}
