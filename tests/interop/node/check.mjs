// Checks what a bank signed with npm's jose and Node's own SHA-256 alone: the root of a list and the
// places of its rows, or an SD-JWT and its disclosures. One JSON on standard input, one out.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const modules = createRequire(process.argv[2] + "/any.js");
const { compactVerify, createLocalJWKSet } = await import(pathToFileURL(modules.resolve("jose")));
const { kind, jwks, algorithms, given } = JSON.parse(readFileSync(0, "utf8"));
const sha256 = (...parts) => parts.reduce((h, each) => h.update(each), createHash("sha256")).digest();

async function opened(token) {
  const { payload, protectedHeader } = await compactVerify(token, createLocalJWKSet(jwks), { algorithms });
  return { said: JSON.parse(Buffer.from(payload)), typ: protectedHeader.typ, alg: protectedHeader.alg };
}

// RFC 9162, 2.1.3.2
function rootOver(leaf, index, size, proof) {
  let node = leaf, at = index, last = size - 1;
  for (const each of proof) {
    if (at & 1 || at === last) {
      node = sha256(Buffer.of(1), each, node);
      while (!(at & 1) && at !== 0) { at >>= 1; last >>= 1; }
    } else {
      node = sha256(Buffer.of(1), node, each);
    }
    at >>= 1; last >>= 1;
  }
  return last === 0 ? node.toString("hex") : "";
}

async function listed(rows) {
  const told = [];
  for (const row of rows) {
    const { said, typ, alg } = await opened(row.tree);
    const payload = Buffer.from(row.payload, "base64url");
    const leaf = sha256(Buffer.of(0), sha256("creditbank/list-leaf/v1\n", payload));
    const proof = row.proof.map((each) => Buffer.from(each, "hex"));
    const holds = rootOver(leaf, row.index, said.size, proof) === said.root;
    told.push({ holds, typ, alg, list: said.list, size: said.size, statement: JSON.parse(payload).statement });
  }
  return told;
}

async function shown(token) {
  const [first, ...rest] = token.split("~");
  const { said, typ, alg } = await opened(first);
  const lines = (said.credited ?? []).map((each) => each["..."]);
  const places = Object.values(said).flatMap((each) => (Array.isArray(each) ? each : []));
  const digests = new Set([...said._sd, ...places.map((each) => each["..."])]);
  const digested = rest.filter((each) => each !== "").map((each) => [sha256(each).toString("base64url"), each]);
  const known = digested.filter(([digest]) => digests.has(digest));
  const read = known.map(([digest, each]) => [digest, JSON.parse(Buffer.from(each, "base64url"))]);
  const members = Object.fromEntries(read.filter(([, each]) => each.length === 3).map(([, each]) => each.slice(1)));
  const credited = read.filter(([digest]) => lines.includes(digest)).map(([, each]) => each[1]);
  return { known: known.length === digested.length, typ, alg, members, lines: credited };
}

process.stdout.write(JSON.stringify(await { listed, shown }[kind](given)));
