// Logverifier checks what a log has published with the verifiers of the Go project's checksum
// database: note.Open, tlog.CheckRecord, tlog.CheckTree, tlog.TileHashReader. It reads a list of
// exhibits from standard input and writes one list of findings; an empty finding means "holds".
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"creditbank.example/logverifier/note"
	"creditbank.example/logverifier/tlog"
)

const tileHeight = 8

type exhibit struct {
	Vkey          string            `json:"vkey"`
	Checkpoints   []string          `json:"checkpoints"`
	Tiles         map[string][]byte `json:"tiles"`
	Leaves        [][]byte          `json:"leaves"`
	Inclusions    []inclusion       `json:"inclusions"`
	Consistencies []consistency     `json:"consistencies"`
	Records       []record          `json:"records"`
	Signings      []signing         `json:"signings"`
}

type inclusion struct {
	Checkpoint int              `json:"checkpoint"`
	Index      int64            `json:"index"`
	Leaf       []byte           `json:"leaf"`
	Proof      tlog.RecordProof `json:"proof"`
}

type consistency struct {
	Old   int            `json:"old"`
	New   int            `json:"new"`
	Proof tlog.TreeProof `json:"proof"`
}

type record struct {
	Checkpoint int    `json:"checkpoint"`
	Index      int64  `json:"index"`
	Leaf       []byte `json:"leaf"`
}

type signing struct {
	Skey string `json:"skey"`
	Text string `json:"text"`
	Note string `json:"note"`
}

type findings struct {
	Checkpoints   []string `json:"checkpoints"`
	Rebuilt       []string `json:"rebuilt"`
	Inclusions    []string `json:"inclusions"`
	Consistencies []string `json:"consistencies"`
	Records       []string `json:"records"`
	Signings      []string `json:"signings"`
}

func main() {
	var exhibits []exhibit
	if err := json.NewDecoder(os.Stdin).Decode(&exhibits); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	found := make([]findings, len(exhibits))
	for i := range exhibits {
		found[i] = exhibits[i].examine()
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (e *exhibit) examine() findings {
	trees := make([]*tlog.Tree, len(e.Checkpoints))
	found := findings{}
	for i, text := range e.Checkpoints {
		tree, err := openCheckpoint(text, e.Vkey)
		if err == nil {
			trees[i] = &tree
		}
		found.Checkpoints = append(found.Checkpoints, said(err))
		found.Rebuilt = append(found.Rebuilt, said(e.rebuild(trees[i])))
	}
	for _, each := range e.Inclusions {
		found.Inclusions = append(found.Inclusions, said(each.check(trees)))
	}
	for _, each := range e.Consistencies {
		found.Consistencies = append(found.Consistencies, said(each.check(trees)))
	}
	for _, each := range e.Records {
		found.Records = append(found.Records, said(each.read(trees, e.Tiles)))
	}
	for _, each := range e.Signings {
		found.Signings = append(found.Signings, said(each.repeat()))
	}
	return found
}

// openCheckpoint verifies a checkpoint's signature and reads its tree head. Beside the first line,
// which is the log's origin here, its form is that of the checksum database.
func openCheckpoint(text, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("origin %q is not the signer", origin)
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

// rebuild recomputes a tree head and all tiles of that size from the leaves alone.
func (e *exhibit) rebuild(tree *tlog.Tree) error {
	if tree == nil {
		return errUnopened
	}
	if tree.N > int64(len(e.Leaves)) {
		return fmt.Errorf("%d leaves given of %d", len(e.Leaves), tree.N)
	}
	var stored storedHashes
	for i, leaf := range e.Leaves[:tree.N] {
		hashes, err := tlog.StoredHashes(int64(i), leaf, &stored)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, &stored)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the leaves make %v, the checkpoint says %v", root, tree.Hash)
	}
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		data, err := tlog.ReadTileData(tile, &stored)
		if err != nil {
			return err
		}
		published, err := readTile(e.Tiles, tile)
		if err != nil {
			return err
		}
		if string(published) != string(data) {
			return fmt.Errorf("%s is not what the leaves make", tile.Path())
		}
	}
	return nil
}

func (i *inclusion) check(trees []*tlog.Tree) error {
	tree := trees[i.Checkpoint]
	if tree == nil {
		return errUnopened
	}
	return tlog.CheckRecord(i.Proof, tree.N, tree.Hash, i.Index, tlog.RecordHash(i.Leaf))
}

func (c *consistency) check(trees []*tlog.Tree) error {
	older, newer := trees[c.Old], trees[c.New]
	if older == nil || newer == nil {
		return errUnopened
	}
	return tlog.CheckTree(c.Proof, newer.N, newer.Hash, older.N, older.Hash)
}

// read finds a record's hash through published tiles, which the reader authenticates on the way.
func (r *record) read(trees []*tlog.Tree, tiles map[string][]byte) error {
	tree := trees[r.Checkpoint]
	if tree == nil {
		return errUnopened
	}
	reader := tlog.TileHashReader(*tree, publishedTiles(tiles))
	hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, r.Index)})
	if err != nil {
		return err
	}
	if hashes[0] != tlog.RecordHash(r.Leaf) {
		return errors.New("the tiles hold another record")
	}
	return nil
}

// repeat signs the same text with the same key; Ed25519 leaves no choice of the signature.
func (s *signing) repeat() error {
	signer, err := note.NewSigner(s.Skey)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: s.Text}, signer)
	if err != nil {
		return err
	}
	if string(signed) != s.Note {
		return fmt.Errorf("signed %q", signed)
	}
	return nil
}

type storedHashes []tlog.Hash

func (s *storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = (*s)[index]
	}
	return found, nil
}

type publishedTiles map[string][]byte

func (p publishedTiles) Height() int { return tileHeight }

func (p publishedTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (p publishedTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := readTile(p, tile)
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

// readTile maps the checksum database's path, which names the height, to the static one, which
// does not; where a partial tile is gone, it takes the prefix of the full one, as clients do.
func readTile(tiles map[string][]byte, tile tlog.Tile) ([]byte, error) {
	if data, ok := tiles[staticPath(tile)]; ok {
		return data, nil
	}
	full := tile
	full.W = 1 << tileHeight
	if data, ok := tiles[staticPath(full)]; ok && len(data) == full.W*tlog.HashSize {
		return data[:tile.W*tlog.HashSize], nil
	}
	return nil, fmt.Errorf("no tile %s", staticPath(tile))
}

func staticPath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

var errUnopened = errors.New("its checkpoint did not open")

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
