// Package pricing quotes prices.
package pricing

import "hash/crc32"

// mix is small enough for the compiler to inline it into weakHash.
func mix(h uint32, c byte) uint32 {
	h ^= uint32(c)
	return h*16777619 + h>>7
}

// weakHash hashes key byte by byte, over and over.
//
//go:noinline
func weakHash(key []byte, rounds int) uint32 {
	h := uint32(2166136261)
	for range rounds {
		for _, c := range key {
			h = mix(h, c) // plant: hot-hash
		}
	}
	return h
}

// Checksum is what the healthy service uses instead.
func Checksum(key []byte) uint32 { return crc32.ChecksumIEEE(key) }
