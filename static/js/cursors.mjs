// Cursors of the change feed: `<system>.<xmin>:<xmax>:<running>.<milliseconds>` (ugc/livemap/rules.py).

const FORM = /^([0-9a-f]+)\.(\d+):(\d+):([\d,]*)\.(\d+)$/;

function parsed(text) {
  const [, system, low, high, running, at] = FORM.exec(text ?? '') ?? [];
  return at && {system, low: Number(low), high: Number(high), running, at: Number(at)};
}

/** What both have seen, told from where both have been: a reader who goes on from here misses
    nothing of either. Of two snapshots one has seen all that the other has, unless one is only a
    floor; then the floor of both is taken. */
function floor(a, b) {
  const at = Math.min(a.at, b.at);
  const [low, high] = [a.low - b.low, a.high - b.high];
  if (low === 0 && high === 0) return {...(a.running.length < b.running.length ? b : a), at};
  if (low <= 0 && high <= 0) return {...a, at};
  if (low >= 0 && high >= 0) return {...b, at};
  const least = Math.min(a.low, b.low);
  return {...a, low: least, high: least, running: '', at};
}

/** The cursor from where nothing of `cursors` (texts) is missed; null when there is none, when one
    is no cursor, or when they are of different databases. */
export function oldest(cursors) {
  const all = cursors.map(parsed);
  if (!all.length || all.some((each) => each?.system !== all[0]?.system || !each)) return null;
  const {system, low, high, running, at} = all.reduce(floor);
  return `${system}.${low}:${high}:${running}.${at}`;
}
