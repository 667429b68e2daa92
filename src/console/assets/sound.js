// Calls people when somebody needs them: a short sound every 30 s until there is nobody left, and a notice if the page is hidden.

const AGAIN = 30_000;
const button = document.querySelector("[data-do=sound]");
let context = null;
let playedAt = 0;
let before = 0;
// Of several open pages, one plays.
let plays = !navigator.locks;

const isOn = () => localStorage.getItem("sound") === "on";

function show() {
  if (!button) return;
  const blocked = isOn() && context?.state !== "running";
  button.textContent = blocked ? button.dataset.blocked : isOn() ? button.dataset.on : button.dataset.off;
  button.setAttribute("aria-pressed", String(isOn()));
  button.classList.toggle("blocked", blocked);
}

async function wake() {
  context ??= new AudioContext();
  // A browser that blocks the sound never answers this.
  await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
  show();
}

function play() {
  if (context?.state !== "running") return;
  const start = context.currentTime;
  for (const [at, pitch] of [[0, 660], [0.18, 880]]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start + at);
    volume.gain.exponentialRampToValueAtTime(0.2, start + at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.3);
    tone.connect(volume).connect(context.destination);
    tone.start(start + at);
    tone.stop(start + at + 0.32);
  }
}

// `waiting`: how many customers need this person.
export function call(waiting, text) {
  const now = Date.now();
  const isNew = waiting > before;
  before = waiting;
  if (!waiting) {
    playedAt = 0;
    return;
  }
  if (!plays || !isOn() || (!isNew && now - playedAt < AGAIN)) return;
  playedAt = now;
  play();
  if (isNew && document.hidden && window.Notification?.permission === "granted") {
    new Notification(text, { tag: "waha-sm" });
  }
}

export function startSound() {
  navigator.locks?.request("waha-sm-sound", () => {
    plays = true;
    return new Promise(() => {});
  });
  button?.addEventListener("click", async () => {
    const on = !isOn() || context?.state !== "running";
    localStorage.setItem("sound", on ? "on" : "off");
    if (on) {
      await wake();
      play();
      if (window.Notification?.permission === "default") Notification.requestPermission();
    }
    show();
  });
  if (isOn()) wake();
  show();
  setInterval(() => before && call(before, document.title), 5_000);
}
