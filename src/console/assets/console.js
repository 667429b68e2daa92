// The console in a browser: every page loads this. The other modules keep the page up to date (live), do what people click
// (act), call them (sound), and pair phones (sessions).
import { startLive, onHead } from "./live.js";
import { startActing, takeNext } from "./act.js";
import { startSound, call } from "./sound.js";
import { startSessions } from "./sessions.js";

const page = document.body.dataset;
// The clock of the browser may be wrong by minutes.
const clockError = Date.now() - Number(page.now || Date.now());

// "45 s", "3 min", "2 h 5 min", "4 d"
function short(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

function showTimes() {
  const now = Date.now() - clockError;
  for (const one of document.querySelectorAll("time[data-since]")) {
    const text = short(now - Number(one.dataset.since));
    if (one.textContent !== text) {
      one.title ||= one.textContent;
      one.textContent = text;
    }
  }
}

// How long the bot takes to come to each row of its line.
function showWaits() {
  const waits = document.querySelector(".waits");
  if (!waits) return;
  const { first, each } = waits.dataset;
  const rows = waits.closest("[data-section]").querySelectorAll("[data-rows] > li > .m");
  for (const [place, row] of rows.entries()) {
    row.dataset.wait = `~${short(Math.max(60_000, Number(first) + place * Number(each)))}`;
  }
}

// The head says what waits: the title, the navigation and the sound follow it.
function showCounts() {
  const counts = document.querySelector(".counts");
  if (!counts) return;
  const { needs, unanswered, held, dead } = counts.dataset;
  const waiting = Number(needs) + Number(unanswered);
  document.title = waiting ? `(${waiting}) ${page.title}` : page.title;
  const badges = { line: needs, chats: held, dead };
  for (const [place, count] of Object.entries(badges)) {
    const link = document.querySelector(`nav a[data-place=${place}]`);
    if (link) link.dataset.count = Number(count) || "";
  }
  call(waiting, document.title);
}

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

function moveFocus(step) {
  const rows = [...document.querySelectorAll("[data-rows] > li > a")];
  const at = rows.indexOf(document.activeElement?.closest("li")?.querySelector("a"));
  rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
}

function onKey(event) {
  if (event.altKey || event.metaKey || event.ctrlKey) return;
  if (event.key === "Escape") {
    if (isTyping(event.target)) event.target.blur();
    else if (page.page === "chats" && !document.querySelector("dialog[open]")) location.href = `${page.prefix}/line`;
    return;
  }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const keys = {
    n: takeNext,
    j: () => moveFocus(1),
    k: () => moveFocus(-1),
    "/": () => {
      const search = document.querySelector("input[type=search]");
      if (search) search.focus();
      else location.href = `${page.prefix}/history`;
    },
  };
  const act = keys[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
}

// A filter shows what was chosen at once.
function onChange(event) {
  const form = event.target.closest("form[data-filter]");
  if (form) form.requestSubmit();
}

// WAHA keeps files for a short time only.
function onMissing(event) {
  const media = event.target.closest?.(".media");
  if (!media) return;
  const text = document.createElement("p");
  text.className = "quiet";
  text.textContent = media.dataset.gone;
  media.replaceChildren(text);
}

document.addEventListener("keydown", onKey);
document.addEventListener("change", onChange);
document.addEventListener("error", onMissing, true);
onHead(() => {
  showCounts();
  showTimes();
  showWaits();
});
startSound();
startActing();
startLive();
startSessions(showTimes);
showCounts();
showTimes();
showWaits();
setInterval(showTimes, 5000);
