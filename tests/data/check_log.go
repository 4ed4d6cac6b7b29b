// Checks a bag's log slice with golang.org/x/mod/sumdb alone: the checkpoint as a signed note, every entry's inclusion,
// every anchor's head as a beginning of the log. Arguments: the bag, and the key in OpenSSH form.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func hashes(list []string) tlog.RecordProof {
	var all tlog.RecordProof
	for _, one := range list {
		hash, err := tlog.ParseHash(one)
		must(err)
		all = append(all, hash)
	}
	return all
}

// A signed head: its size and root.
func head(path string, key []byte) (int64, tlog.Hash) {
	text, err := os.ReadFile(path)
	must(err)
	origin := strings.SplitN(string(text), "\n", 2)[0]
	id := sha256.Sum256(append([]byte(origin+"\n\x01"), key...))
	name := fmt.Sprintf("%s+%x+%s", origin, id[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, key...)))
	verifier, err := note.NewVerifier(name)
	must(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	must(err)
	var size int64
	var root string
	_, err = fmt.Sscanf(opened.Text, origin+"\n%d\n%s\n", &size, &root)
	must(err)
	hash, err := tlog.ParseHash(root)
	must(err)
	return size, hash
}

func main() {
	wire, err := base64.StdEncoding.DecodeString(strings.Fields(os.Args[2])[1])
	must(err)
	key := wire[len(wire)-32:]
	dir := filepath.Join(os.Args[1], "data", "log")
	size, root := head(filepath.Join(dir, "checkpoint"), key)
	file, err := os.Open(filepath.Join(dir, "entries.jsonl"))
	must(err)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	count := 0
	for lines.Scan() {
		var row struct {
			Entry json.RawMessage
			Index int64
			Proof []string
		}
		must(json.Unmarshal(lines.Bytes(), &row))
		must(tlog.CheckRecord(hashes(row.Proof), size, root, row.Index, tlog.RecordHash(bytes.TrimSpace(row.Entry))))
		count++
	}
	must(lines.Err())
	notes, err := filepath.Glob(filepath.Join(dir, "anchors", "*.note"))
	must(err)
	for _, path := range notes {
		old, before := head(path, key)
		text, err := os.ReadFile(strings.TrimSuffix(path, "note") + "consistency")
		must(err)
		proof := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[2:]
		must(tlog.CheckTree(tlog.TreeProof(hashes(proof)), size, root, old, before))
	}
	fmt.Printf("%d entries and %d earlier heads are in the log of %d\n", count, len(notes), size)
}
