// A witness of logs (C2SP tlog-witness, tlog-cosignature) for tests, on golang.org/x/mod/sumdb: notes are opened and growth is
// checked by code that is not ours. Argument: the log's key in OpenSSH form. Prints its address and its verifier key.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const name = "witness.example/w1"

func id(kind byte, name string, key []byte) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{kind}, key...)...))
	return sum[:4]
}

func vkey(kind byte, name string, key []byte) string {
	return fmt.Sprintf("%s+%x+%s", name, id(kind, name, key), base64.StdEncoding.EncodeToString(append([]byte{kind}, key...)))
}

func main() {
	wire, err := base64.StdEncoding.DecodeString(strings.Fields(os.Args[1])[1])
	if err != nil {
		panic(err)
	}
	logKey := wire[len(wire)-32:]
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	var size int64
	var root tlog.Hash
	http.HandleFunc("/add-checkpoint", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		head, signed, found := strings.Cut(string(body), "\n\n")
		lines := strings.Split(head, "\n")
		old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
		if !found || err != nil {
			http.Error(w, "malformed", 400)
			return
		}
		var proof tlog.TreeProof
		for _, line := range lines[1:] {
			hash, err := tlog.ParseHash(line)
			if err != nil {
				http.Error(w, "malformed", 400)
				return
			}
			proof = append(proof, hash)
		}
		origin, _, _ := strings.Cut(signed, "\n")
		verifier, err := note.NewVerifier(vkey(1, origin, logKey))
		if err != nil {
			http.Error(w, err.Error(), 404)
			return
		}
		opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
		if err != nil {
			http.Error(w, err.Error(), 403)
			return
		}
		text := strings.Split(opened.Text, "\n")
		newSize, _ := strconv.ParseInt(text[1], 10, 64)
		newRoot, err := tlog.ParseHash(text[2])
		if err != nil || old > newSize {
			http.Error(w, "malformed", 400)
			return
		}
		if old != size {
			w.Header().Set("content-type", "text/x.tlog.size")
			w.WriteHeader(409)
			fmt.Fprintf(w, "%d\n", size)
			return
		}
		if old == newSize && newRoot != root {
			http.Error(w, "the roots differ", 409)
			return
		}
		if old != 0 && old != newSize && tlog.CheckTree(proof, newSize, newRoot, old, root) != nil {
			http.Error(w, "the proof is wrong", 422)
			return
		}
		size, root = newSize, newRoot
		now := uint64(time.Now().Unix())
		said := fmt.Sprintf("cosignature/v1\ntime %d\n%s", now, opened.Text)
		line := append(id(4, name, public), binary.BigEndian.AppendUint64(nil, now)...)
		line = append(line, ed25519.Sign(private, []byte(said))...)
		fmt.Fprintf(w, "— %s %s\n", name, base64.StdEncoding.EncodeToString(line))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s %s\n", listener.Addr(), vkey(4, name, public))
	panic(http.Serve(listener, nil))
}
