"""Checks an archived ledger with the standard library alone: checksums of all files, then the chain of entries.

Run in the unpacked folder:  python3 verify.py [SEQ:HASH ...]     a head noted elsewhere shows a cut tail
"""

import hashlib
import json
import pathlib
import sys
from collections.abc import Iterator

CHAINED = (
    "seq", "entered_at", "occurred_at", "actor", "role", "site", "action", "table_name", "record_key", "version",
    "reason", "values_sha256", "prev_hash",
)  # fmt: skip


def canonical(value: object) -> str:
    """JSON text with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def faults(folder: pathlib.Path, heads: list[str]) -> Iterator[str]:
    """Every fault in words."""
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            yield f"{name} is not the file that was archived"
    before, seq = "0" * 64, 0
    hashes: dict[int, str] = {}
    with (folder / "entries.jsonl").open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            seq += 1
            if entry["seq"] != seq:
                yield f"entry {entry['seq']} stands where {seq} was due"
                seq = entry["seq"]
            if entry["prev_hash"] != before:
                yield f"entry {seq} does not continue the entry before it"
            if hashlib.sha256(canonical({k: entry[k] for k in CHAINED}).encode()).hexdigest() != entry["hash"]:
                yield f"entry {seq} was changed"
            if entry["values_json"] is not None or entry["salt"] is not None:
                sealed = bytes.fromhex(entry["salt"] or "") + (entry["values_json"] or "").encode()
                if hashlib.sha256(sealed).hexdigest() != entry["values_sha256"]:
                    yield f"entry {seq}: the values were changed"
            before = hashes[seq] = entry["hash"]
    for head in heads:
        number, _, wanted = head.partition(":")
        if hashes.get(int(number)) != wanted:
            yield f"entry {number} is not the one noted elsewhere: the tail was cut or replaced"
    print(f"{seq} entries, head {seq}:{before}")


if __name__ == "__main__":
    found = list(faults(pathlib.Path(__file__).resolve().parent, sys.argv[1:]))
    for fault in found:
        print(fault)
    print("sound" if not found else f"{len(found)} faults")
    sys.exit(1 if found else 0)
