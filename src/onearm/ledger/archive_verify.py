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
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: wanted for wanted, _, name in (line.partition("  ") for line in lines)}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    yield from (f"{name} is missing" for name in sorted(sums.keys() - there))
    yield from (f"{name} is not part of the archive" for name in sorted(there - sums.keys()))
    for name in sorted(sums.keys() & there):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sums[name]:
            yield f"{name} is not the file that was archived"
    yield from chain_faults(folder / "entries.jsonl", heads)


def chain_faults(path: pathlib.Path, heads: list[str]) -> Iterator[str]:
    """Every fault of the chain in words."""
    before, seq, erased, named = "0" * 64, 0, set[int](), set[str]()
    hashes: dict[int, str] = {}
    with path.open(encoding="utf-8") as file:
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
            if entry["action"] == "redact" and entry["table_name"] == "redacted":
                named.add(entry["record_key"])
            if entry["values_json"] is None and entry["salt"] is None:
                erased.add(seq)
            else:
                sealed = bytes.fromhex(entry["salt"] or "") + (entry["values_json"] or "").encode()
                if hashlib.sha256(sealed).hexdigest() != entry["values_sha256"]:
                    yield f"entry {seq}: the values were changed"
            before = hashes[seq] = entry["hash"]
    for number in sorted(s for s in erased if str(s) not in named):
        yield f"entry {number}: the values were erased, and no entry says by whom and why"
    for head in heads:
        at, _, wanted = head.partition(":")
        if hashes.get(int(at)) != wanted:
            yield f"entry {at} is not the one noted elsewhere: the tail was cut or replaced"
    print(f"{seq} entries, head {seq}:{before}")


if __name__ == "__main__":
    try:
        found = list(faults(pathlib.Path(__file__).resolve().parent, sys.argv[1:]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = [f"the archive cannot be read to its end: {error!r}"]
    for fault in found:
        print(fault)
    print("sound" if not found else f"{len(found)} faults")
    sys.exit(1 if found else 0)
