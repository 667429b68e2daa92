// Runs before the scripts of each page: what may never happen goes to the console, where the test counts it.
document.addEventListener("securitypolicyviolation", (event) => {
  const place = `${event.sourceFile}:${event.lineNumber}`;
  console.error(`CSP-REPORT ${event.effectiveDirective} refused ${event.blockedURI || "inline"} at ${place}: ${event.sample}`);
});
// What customers write in tests sets this, if it ever runs as a script.
Object.defineProperty(window, "pwned", {
  set(how) {
    console.error(`SCRIPT-RAN ${how}`);
  },
});
