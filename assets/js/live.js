// The live process says only "changed"; whatever carries hx-trigger="live:<topic> from:body" fetches itself again.
// An event without topic, and coming back after a break, refresh everything that listens.
import htmx from "htmx.org/dist/htmx.esm.js";

const url = document.body?.dataset.live;

function changed(topic) {
  htmx.trigger(document.body, `live:${topic || "all"}`);
  if (topic !== "all") htmx.trigger(document.body, "live:any");
}

function connect() {
  const stream = new EventSource(url, { withCredentials: true });
  let wasAway = false;
  stream.onmessage = (event) => {
    let topic = event.data;
    try { topic = JSON.parse(event.data).topic ?? JSON.parse(event.data); } catch { /* a bare word */ }
    changed(typeof topic === "string" ? topic : "all");
  };
  stream.onopen = () => { mark(false); if (wasAway) changed("all"); wasAway = false; };
  stream.onerror = () => { wasAway = true; mark(true); };
}

const mark = (away) => document.querySelectorAll(".live-note").forEach((note) => note.classList.toggle("is-away", away));

if (url) connect();
