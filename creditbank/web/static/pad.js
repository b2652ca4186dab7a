// A teacher's page that records people in and out without network (formats.md §18).
//
// Everything is in this browser until it is sent: a key that cannot be taken out of it, scans that are
// signed one upon another, and who came, encrypted so that only the bank opens it. No words here: the
// page has them.

const KEPT = "creditbank-pads";
const PART = 100;
const AGAIN_MS = 5000;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };
const CHECKED_BY_WEIGHTS = ["resident_id", "hmt_residence"];
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

const root = document.getElementById("pad");
const no = root.dataset.checkIn;
const run = hex(crypto.getRandomValues(new Uint8Array(8)));
let state = null;
let isKept = false;
let sending = null;

// Bytes and texts.

function utf8(text) {
  return new TextEncoder().encode(text);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unbase64url(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

async function digest(tag, content) {
  const tagged = joined(utf8(`${tag}\n`), content);
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", tagged)));
}

async function signature(tag, content) {
  const tagged = joined(utf8(`${tag}\n`), content);
  return base64url(new Uint8Array(await crypto.subtle.sign(SIGNING, state.key, tagged)));
}

function mark() {
  const device_at = new Date().toISOString().replace("Z", "000Z");
  return { device_at, run, ticks: Math.floor(performance.now()) };
}

// Encrypts who somebody is to the bank: a key of one use, agreed with the bank's for this pad.
async function sealed(kind, number, name) {
  const agreed = { name: "ECDH", namedCurve: "P-256" };
  const bank = unbase64url(state.sealing_key);
  const theirs = await crypto.subtle.importKey("raw", bank, agreed, false, []);
  const once = await crypto.subtle.generateKey(agreed, true, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", once.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, once.privateKey, 256);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const info = joined(utf8(`creditbank/sealed-identity/v1\n${no}`), point, bank);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info },
    material, { name: "AES-GCM", length: 256 }, false, ["encrypt"],
  );
  const said = utf8(JSON.stringify([kind, number, name]));
  const content = await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, said);
  return joined(point, new Uint8Array(content));
}

// What the browser keeps: one record for each check-in.

function stored(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(KEPT, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("pads", { keyPath: "no" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const writing = opening.result.transaction("pads", mode, { durability: "strict" });
      const asked = act(writing.objectStore("pads"));
      writing.oncomplete = () => (opening.result.close(), resolve(asked.result));
      writing.onabort = writing.onerror = () => (opening.result.close(), reject(writing.error));
    };
  });
}

const load = () => stored("readonly", (pads) => pads.get(no));
const save = (next) => stored("readwrite", (pads) => pads.put(next));

// Two tabs of one page must not both sign the next step.
function alone(act) {
  return navigator.locks ? navigator.locks.request(`${KEPT}-${no}`, act) : act();
}

async function changed(change) {
  return alone(async () => {
    state = await load();
    if (!state) return;
    await change();
    await save(state);
  });
}

// The page is kept, with what it is made of, so that it opens without network.
async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(root.dataset.keeper, { scope: "/pads/" });
  await navigator.serviceWorker.ready;
  const page = await fetch(root.dataset.page, { cache: "no-store" });
  const pieces = [...document.querySelectorAll("link[href], script[src], img[src]")];
  const files = pieces.map((each) => each.href || each.src).filter((each) => each.includes("/static/"));
  const box = await caches.open(KEPT);
  if (page.ok && !page.redirected) await box.put(root.dataset.page, page);
  await box.addAll([...new Set(files)]);
  isKept = Boolean(await box.match(root.dataset.page));
}

// The server.

class Refused extends Error {}
class SignedOut extends Error {}

// A form's token is of the browser's present cookie, and the page may have been kept for long.
async function token() {
  const page = await fetch(`${root.dataset.page}?at=${Date.now()}`, { cache: "no-store" });
  if (page.redirected) throw new SignedOut();
  const found = new DOMParser().parseFromString(await page.text(), "text/html");
  const pad = found.getElementById("pad");
  if (!page.ok || !pad) throw new Refused(said(found));
  return { token: pad.querySelector("#pad-token input").value, standing: pad.dataset.state };
}

async function sent(path, body, form_token) {
  const form = new URLSearchParams({ form_token, body: JSON.stringify(body) });
  const answer = await fetch(`${root.dataset.page}${path}`, { method: "POST", body: form });
  if (answer.redirected) throw new SignedOut();
  if (answer.ok) return answer.json();
  throw new Refused(said(new DOMParser().parseFromString(await answer.text(), "text/html")));
}

function said(page) {
  return [...page.querySelectorAll("main h1, main p")].map((each) => each.textContent).join(" ");
}

async function open() {
  show("said", "");
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const now = await token();
  const opened = mark();
  const pad = await sent("/opening", { public_key: base64url(point), mark: opened }, now.token);
  const ahead = Math.round((Date.parse(opened.device_at) - Date.parse(pad.opened_at)) / 1000);
  const people = [];
  for (const each of pad.people) {
    const { name, last_four, is_there } = each;
    const who = await digest("creditbank/sealed-identity/v1", unbase64url(each.sealed));
    people.push({ who, sealed: each.sealed, name, last_four, is_there, times: [] });
  }
  state = {
    no, key: pair.privateKey, pad_no: pad.pad_no, sealing_key: pad.sealing_key, head: pad.root,
    step: 0, sent: 0, ahead, scans: [], people, refused: [],
  };
  await save(state);
  if (navigator.storage?.persist) await navigator.storage.persist();
  await keep();
}

// Recording.

async function record(who, direction, newcomer) {
  await changed(async () => {
    if (newcomer) state.people.push(newcomer);
    const person = state.people.find((each) => each.who === who);
    const { device_at, ticks } = mark();
    const step = state.step + 1;
    const body = JSON.stringify(
      [no, state.pad_no, step, state.head, direction, device_at, run, ticks, who],
    );
    const tag = "creditbank/check-in-scan/v1";
    state.scans.push({ step, who, body, signature: await signature(tag, utf8(body)) });
    state.head = await digest(tag, utf8(body));
    state.step = step;
    person.is_there = direction === "in";
    person.times.push([direction, device_at]);
  });
  draw();
  send();
}

async function add(event) {
  event.preventDefault();
  const [kind, number, name] = ["pad-kind", "pad-number", "pad-name"].map(
    (id) => document.getElementById(id),
  );
  const typed = number.value.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
  const called = name.value.trim();
  const missing = !typed || !called;
  const wrong = !missing && CHECKED_BY_WEIGHTS.includes(kind.value) && !fits(typed);
  document.getElementById("pad-name-missing").hidden = !missing;
  document.getElementById("pad-number-wrong").hidden = !wrong;
  if (missing || wrong) return (missing && !called && typed ? name : number).focus();
  await attempt(async () => {
    const content = await sealed(kind.value, typed, called);
    const who = await digest("creditbank/sealed-identity/v1", content);
    const last_four = typed.slice(-4);
    const newcomer = { who, sealed: base64url(content), name: called, last_four, times: [] };
    await record(who, "in", newcomer);
    number.value = name.value = "";
    number.focus();
  });
}

// GB 11643: the last character follows from the seventeen before it.
function fits(number) {
  if (!/^[0-9]{17}[0-9X]$/.test(number)) return false;
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
  return "10X98765432"[sum % 11] === number[17];
}

// Sending: a part at a time, and each is let go of only once the bank has said what became of it.

// One at a time, and one more for what came meanwhile: the network may be back by then.
function send() {
  sending = (sending ?? Promise.resolve()).then(sendAll);
  return sending;
}

async function sendAll() {
  if (!state) return;
  try {
    const now = await token();
    let isDoubted = false;
    while ((state = await load()) && state.scans.length) {
      isDoubted = (await sendPart(now.token)) || isDoubted;
      show("said", isDoubted ? "doubted" : "uploaded");
    }
    root.dataset.state = now.standing;
    if (state && now.standing !== "open") await end();
  } catch (error) {
    if (error instanceof SignedOut) show("said", "sign-in");
    else if (error instanceof Refused) show("said", "failed", error.message);
    else show("said", "unreached");
  }
  draw();
}

async function sendPart(form_token) {
  const scans = state.scans.slice(0, PART);
  const last = scans[scans.length - 1];
  const head = await digest("creditbank/check-in-scan/v1", utf8(last.body));
  const { device_at, ticks } = mark();
  const over = JSON.stringify([no, state.pad_no, last.step, head, device_at, run, ticks]);
  const whose = new Set(scans.map((each) => each.who));
  const answer = await sent(`/${state.pad_no}/scans`, {
    scans: scans.map(({ body, signature }) => ({ body, signature })),
    people: state.people.filter((each) => whose.has(each.who)).map((each) => each.sealed),
    sent: { device_at, run, ticks },
    signature: await signature("creditbank/check-in-upload/v1", utf8(over)),
  }, form_token);
  await changed(() => {
    const fates = new Map(answer.scans.map((each) => [each.step, each]));
    for (const each of state.scans) {
      const fate = fates.get(each.step);
      if (fate?.outcome === "refused") state.refused.push({ who: each.who, words: fate.words });
    }
    state.scans = state.scans.filter((each) => !fates.has(each.step));
    state.sent = Math.max(state.sent, last.step);
  });
  return answer.scans.some((each) => each.is_doubted);
}

// The check-in is closed and everything was sent: nothing stays here.
async function end() {
  await forget();
  show("state", "ended");
}

async function forget() {
  await stored("readwrite", (pads) => pads.delete(no));
  await (await caches.open(KEPT)).delete(root.dataset.page);
  state = null;
  isKept = false;
}

// What is seen.

function show(where, which, words = "") {
  for (const each of document.querySelectorAll(`#pad-${where} [data-when]`)) {
    each.hidden = each.dataset.when !== which;
    if (each.dataset.when === "failed") each.textContent = words;
  }
}

function set(id, value) {
  document.getElementById(id).textContent = value;
}

function draw() {
  const isOpen = root.dataset.state === "open";
  if (state || isOpen) show("state", state ? (isKept ? "ready" : "unkept") : "none");
  show("network", navigator.onLine ? "yes" : "no");
  for (const [id, isShown] of [
    ["pad-open", !state && isOpen], ["pad-upload", state], ["pad-forget", state], ["pad-work", state],
  ]) document.getElementById(id).hidden = !isShown;
  set("pad-waiting", state ? state.scans.length : 0);
  set("pad-sent", state ? state.sent : 0);
  set("pad-clock", state ? state.ahead : "—");
  if (state) drawPeople();
}

function drawPeople() {
  const found = document.getElementById("pad-find").value.trim().toUpperCase();
  const list = document.getElementById("pad-people");
  const people = state.people.filter(
    (each) => each.name.toUpperCase().includes(found) || each.last_four.includes(found),
  );
  list.replaceChildren(...people.map(line));
  document.getElementById("pad-nobody").hidden = state.people.length > 0;
  const refused = document.getElementById("pad-refused");
  refused.hidden = state.refused.length === 0;
  refused.querySelector("ul").replaceChildren(...state.refused.map(({ who, words }) => {
    const person = state.people.find((each) => each.who === who);
    return made("li", "", `${person.name} ${root.dataset.lastFour} ${person.last_four}: ${words}`);
  }));
}

function line(person) {
  const row = made("li", "card", "");
  const called = made("div", "", "");
  const four = made("span", "quiet nowrap", `${root.dataset.lastFour} ${person.last_four}`);
  called.append(made("strong", "", person.name), " ", four);
  if (person.times.length) {
    const times = person.times.map(([way, at]) => `${root.dataset[way]} ${clock(at)}`).join(" · ");
    called.append(document.createElement("br"), made("span", "quiet small", times));
  }
  const way = person.is_there ? "out" : "in";
  const button = made("button", person.is_there ? "second" : "", root.dataset[way]);
  button.type = "button";
  button.setAttribute("aria-label", `${root.dataset[way]} ${person.name} ${person.last_four}`);
  button.addEventListener("click", () => attempt(() => record(person.who, way)));
  row.append(called, button);
  return row;
}

function made(name, kind, text) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  element.textContent = text;
  return element;
}

function clock(at) {
  const shown = new Date(at);
  return [shown.getHours(), shown.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof SignedOut) show("said", "sign-in");
    else if (error instanceof Refused) show("said", "failed", error.message);
    else show("said", error instanceof TypeError ? "unreached" : "broke");
  }
  draw();
}

function listen() {
  const on = (id, event, act) => document.getElementById(id).addEventListener(event, act);
  on("pad-open", "click", () => attempt(open));
  on("pad-upload", "click", send);
  on("pad-find", "input", drawPeople);
  on("pad-add", "submit", add);
  on("pad-forget", "click", () => {
    const asked = document.getElementById("pad-forget-about");
    if (state?.scans.length && asked.hidden) return void (asked.hidden = false);
    asked.hidden = true;
    return attempt(forget);
  });
  addEventListener("online", () => (draw(), send()));
  addEventListener("offline", draw);
  setInterval(() => navigator.onLine && state?.scans.length && send(), AGAIN_MS);
}

async function start() {
  root.hidden = false;
  try {
    if (!isSecureContext || !crypto.subtle || !window.indexedDB) throw new Error("unfit");
    state = (await load()) ?? null;
  } catch {
    return show("said", "unfit");
  }
  listen();
  draw();
  if (!state) return root.dataset.state === "open" ? undefined : show("state", "ended");
  await keep().catch(async () => {
    isKept = Boolean(await (await caches.open(KEPT)).match(root.dataset.page));
  });
  draw();
  return send();
}

start();
