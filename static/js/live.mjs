// The live map's stream: what changed in the view, as soon as it is committed. When it cannot be
// had (a proxy that holds it back, too many streams), the same is asked for every few seconds.

const LIVE_AFTER_MS = 12000; // without a first word for so long, the stream does not come through
const QUIET_MS = 40000; // it says something every 15 s: after so long it is dead, whatever the socket says
const POLL_MS = 5000;
const OLDER_MS = 60000; // a poll that answers "nothing" moves its cursor on at least this often
const AGAIN_MS = 60000; // while polling, the stream is tried again so often
const HIDDEN_MS = 60000; // a page that nobody sees lets go of its stream after so long
const FAILURES = 3; // so many broken attempts in a row, and we poll
const SPREAD_MS = 3000; // thousands who must look anew do not ask in the same moment

/**
 * Follows one view after another. `apply({upserts, gone, isFirst})` is called once per batch,
 * features and {id, version} of what is no longer there; `isFirst` for the first one since `open`,
 * which comes even when it is empty. `resync()` is called when the view must be fetched anew;
 * `status(state)` with `live`, `polling`, `reconnecting` or `ended`. Things may be told again: what
 * is applied twice is as once.
 */
export function liveStream({url, changes, apply, resync, status}) {
  let view = null; // URLSearchParams of what is shown
  let cursor = null;
  let source = null;
  let heard = 0;
  let failures = 0;
  let polling = null; // the timer of the next poll
  let retry = null;
  let hiding = null;
  let watchdog = null;
  let generation = 0;
  let over = false;
  let isFirst = false;

  function pass(upserts, gone) {
    if (!isFirst && !upserts.length && !gone.length) return;
    const told = {upserts, gone, isFirst};
    isFirst = false;
    apply(told);
  }

  function close() {
    generation += 1;
    source?.close();
    source = null;
    clearTimeout(polling);
    clearTimeout(retry);
    clearInterval(watchdog);
    polling = retry = watchdog = null;
  }

  function lookAnew() {
    close();
    status('reconnecting');
    retry = setTimeout(resync, Math.random() * SPREAD_MS);
  }

  function broken() {
    source?.close();
    source = null;
    clearInterval(watchdog);
    failures += 1;
    if (failures >= FAILURES && !polling) poll(generation);
    if (!polling) status('reconnecting');
    retry = setTimeout(connect, polling ? AGAIN_MS * (1 + Math.random()) : 1000 * 2 ** failures);
  }

  function connect() {
    source?.close();
    clearTimeout(retry);
    clearInterval(watchdog);
    const query = new URLSearchParams(view);
    query.set('cursor', cursor);
    const mine = new EventSource(`${url}/live?${query}`, {withCredentials: true});
    source = mine;
    let upserts = [];
    let gone = [];
    heard = 0;
    const began = Date.now();
    mine.addEventListener('upsert', ({data}) => upserts.push(JSON.parse(data)));
    mine.addEventListener('gone', ({data}) => gone.push(JSON.parse(data)));
    // It ends a batch: what came before it goes together, and the next connection begins here.
    mine.addEventListener('cursor', ({data}) => {
      if (mine !== source) return;
      heard = Date.now();
      failures = 0;
      clearTimeout(polling);
      polling = null;
      cursor = data;
      status('live');
      pass(upserts, gone);
      upserts = [];
      gone = [];
    });
    mine.addEventListener('resync', () => { if (mine === source) lookAnew(); });
    mine.addEventListener('ended', () => {
      if (mine !== source) return;
      close();
      over = true;
      status('ended');
    });
    // The browser tries again by itself; half a batch is told again then.
    mine.addEventListener('error', () => {
      if (mine !== source) return;
      upserts = [];
      gone = [];
      broken();
    });
    watchdog = setInterval(() => {
      if (Date.now() - (heard || began) > (heard ? QUIET_MS : LIVE_AFTER_MS)) broken();
    }, 1000);
  }

  async function poll(mine, etag = '', since = Date.now()) {
    if (mine !== generation) return;
    polling = 'asking';
    let next = {etag, since};
    let state = 'polling';
    try {
      const query = new URLSearchParams(view);
      query.set('cursor', cursor);
      // `no-store`: the answer 304 is for us, not for the browser's cache to hide.
      const answer = await fetch(`${changes}?${query}`, {
        cache: 'no-store', headers: etag ? {'If-None-Match': etag} : {},
      });
      if (mine !== generation || polling === null) return;
      if (answer.ok) {
        const told = await answer.json();
        if (mine !== generation || polling === null) return;
        if (told.resync) {
          lookAnew();
          return;
        }
        const {upserts, gone} = told;
        // A poll names no versions: what is gone is gone in all that is shown now.
        pass(upserts, gone.map((id) => ({id, version: Number.MAX_SAFE_INTEGER})));
        cursor = told.cursor;
        next = {etag: '', since: Date.now()};
        // The first answer of an address tells what "nothing new" looks like.
        if (!upserts.length && !gone.length) next.etag = answer.headers.get('ETag');
      } else if (answer.status === 403) {
        close();
        over = true;
        status('ended');
        return;
      } else if (answer.status === 304) {
        if (Date.now() - since > OLDER_MS) next.etag = '';
      } else {
        state = 'reconnecting';
      }
    } catch {
      state = 'reconnecting';
    }
    if (mine !== generation || polling === null) return;
    status(state);
    polling = setTimeout(poll, POLL_MS, mine, next.etag, next.since);
  }

  function wake({type}) {
    if (over || !view || document.hidden) return;
    // After a tunnel the old connection looks open for minutes.
    if (type === 'online' || !source || Date.now() - heard > 20000) {
      failures = 0;
      close();
      connect();
    }
  }

  addEventListener('online', wake);
  addEventListener('pageshow', wake);
  addEventListener('offline', () => { if (view && !over) status('reconnecting'); });
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_MS);
    else wake({type: 'visible'});
  });

  return {
    /** Nothing is followed any more, until `open`. */
    stop() {
      close();
      view = null;
    },
    /** Follows `query` (bbox, kinds) from `from`, the cursor that its features came with. What was
        followed before is told until now. */
    open(query, from) {
      if (over) return;
      close();
      view = query;
      cursor = from;
      isFirst = true;
      connect();
    },
  };
}
