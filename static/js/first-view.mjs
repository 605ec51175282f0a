// Where a map begins that no address tells where.

const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Browsers call some zones by older names than others: each name as this one says it. */
function isOwn(zone) {
  try {
    return new Intl.DateTimeFormat('en', {timeZone: zone}).resolvedOptions().timeZone === own();
  } catch {
    return false; // a zone that this browser does not know is not its own
  }
}

/** {center, zoom} of a map's element: of the visitor's time zone where `data-zones` has it, else as the site says. */
export function firstView({lon, lat, zoom, zones}) {
  const found = Object.entries(JSON.parse(zones ?? '{}')).find(([name]) => isOwn(name));
  const [x, y, z] = (found?.[1] ?? [lon, lat, zoom]).map(Number);
  return {center: [x, y], zoom: z};
}
