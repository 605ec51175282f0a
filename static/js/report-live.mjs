// The page of one report says when it no longer shows what is so. It does not change by itself:
// its reader may be in the middle of a text. What the reader did here is not told to them as news.

import {boxText} from './coordinates.mjs';
import {liveStream} from './live.mjs';

const AROUND = 0.0005; // degrees
const SHOWN_MS = 4000; // what the page shows already comes through the stream so soon
const OWN_MS = 60_000; // what I said of it comes once, so soon when the servers are busy

export function watchReport(box) {
  const {id, reportLive} = box.dataset;
  const [lon, lat] = [Number(box.dataset.lon), Number(box.dataset.lat)];
  const view = new URLSearchParams({
    bbox: boxText([lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND], 6),
  });
  let version; // `null` while it is not on the map
  let shown = performance.now();
  let own = -Infinity; // when I said something that has not come back yet
  let live = null;

  function seen(now) {
    if (now === version) return;
    version = now;
    const isOwn = performance.now() - own < OWN_MS;
    if (isOwn) {
      own = -Infinity;
      shown = performance.now(); // what follows from my own word comes right after it
    } else if (performance.now() - shown > SHOWN_MS) box.firstElementChild.hidden = false;
  }

  async function look() {
    try {
      const answer = await fetch(`/map/features?${view}`, {cache: 'no-store'});
      if (!answer.ok) return;
      const {features} = await answer.json();
      const isThere = features.some(({properties}) => properties.id === id);
      if (version === undefined) version = isThere ? '' : null;
      else if (isThere !== (version !== null)) seen(isThere ? '' : null);
      live.open(view, answer.headers.get('Live-Cursor'));
    } catch { /* without a network the page stays what it was */ }
  }

  // A page that thanks for something was opened by what its reader just did.
  if (document.querySelector('#notices > .notice')) own = shown;
  for (const name of ['htmx:before:request', 'htmx:after:request']) {
    document.addEventListener(name, () => { shown = performance.now(); });
  }
  document.addEventListener('htmx:before:request', ({target}) => {
    if (target.matches?.('.votes')) own = performance.now();
  });
  live = liveStream({
    url: reportLive, changes: '/map/changes', resync: look, status() {},
    apply({upserts, gone}) {
      for (const {properties} of upserts) if (properties.id === id) seen(properties.version);
      if (gone.some((each) => each.id === id)) seen(null);
    },
  });
  look();
}
