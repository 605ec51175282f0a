const UNITS = [['year', 31536000], ['month', 2592000], ['week', 604800], ['day', 86400],
  ['hour', 3600], ['minute', 60]];

/** "5 minutes ago" of a moment in ms; `format` an Intl.RelativeTimeFormat. */
export function relative(moment, format) {
  const seconds = (moment - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ['second', 1];
  return format.format(Math.round(seconds / size), unit);
}

/** Rewrites every <time data-ago> each half minute, in the page's language. */
export function keepTimesFresh() {
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, {numeric: 'auto'});
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-ago]')) {
      time.textContent = relative(Date.parse(time.dateTime), format);
    }
  }, 30000);
}
