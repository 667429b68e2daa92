// The page of the sessions: what is shown follows WAHA, and phones are paired.
import { act, ask, toast } from "./act.js";
import { fragment } from "./live.js";

const EVERY = 3_000;

let list = null;
let loading = null;
let onShown = () => {};
const shown = new Map();

const cards = (within) => [...within.querySelectorAll("[data-session]")];
const stateOf = (card) => card.querySelector("[data-now]");

// Shows what has changed. The form for the number stays, because somebody may be writing in it.
async function load() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = fragment(await answer.text()).querySelector("[data-sessions-list]");
  if (!fresh) return;
  list.querySelector("[data-waha]").replaceWith(fresh.querySelector("[data-waha]"));
  const old = new Map(cards(list).map((card) => [card.dataset.session, card]));
  for (const card of cards(fresh)) {
    const name = card.dataset.session;
    const mine = old.get(name);
    old.delete(name);
    const html = stateOf(card).innerHTML;
    if (shown.get(name) === html) continue;
    shown.set(name, html);
    if (!mine) {
      list.append(card);
      continue;
    }
    const focused = document.activeElement?.dataset.order;
    mine.dataset.state = card.dataset.state;
    stateOf(mine).replaceWith(stateOf(card));
    if (focused) stateOf(mine).querySelector(`[data-order="${CSS.escape(focused)}"]`)?.focus();
    const form = mine.querySelector("form");
    form.hidden = card.querySelector("form").hidden;
    if (form.hidden) form.querySelector("output").textContent = "";
  }
  for (const [name, card] of old) {
    card.remove();
    shown.delete(name);
  }
  onShown();
}

function refresh() {
  loading ??= load()
    .catch(() => {})
    .finally(() => (loading = null));
  return loading;
}

async function order(event) {
  const button = event.target.closest("[data-order]");
  if (!button) return;
  const { session } = button.closest("[data-session]").dataset;
  if (button.dataset.confirm && !(await ask(button.dataset.confirm))) return;
  button.disabled = true;
  const done = await act(`sessions/${encodeURIComponent(session)}/${button.dataset.order}`);
  if (done) toast(done.message);
  button.disabled = false;
  await refresh();
}

async function askForCode(event) {
  event.preventDefault();
  const form = event.target;
  const { session } = form.closest("[data-session]").dataset;
  const button = form.querySelector("button");
  button.disabled = true;
  const done = await act(`sessions/${encodeURIComponent(session)}/code`, { phone: form.elements.phone.value });
  form.querySelector("output").textContent = done?.code ?? "";
  button.disabled = false;
}

export function startSessions(listener) {
  onShown = listener;
  list = document.querySelector("[data-sessions-list]");
  if (!list) return;
  for (const card of cards(list)) shown.set(card.dataset.session, stateOf(card).innerHTML);
  list.addEventListener("click", order);
  list.addEventListener("submit", askForCode);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  setInterval(() => document.hidden || refresh(), EVERY);
}
