// Degrees in scripts. Maps go on beyond ±180°; the server takes no longitude beyond it, so here
// they are brought back.

/** A longitude within ±180°. */
export const wrapLon = (lon) => (
  lon >= -180 && lon <= 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180
);

/** West, south, east, north in degrees as the server takes them: a box over the antimeridian has
    its west beyond its east, one of the whole Earth goes from -180 to 180. */
export function boxText([west, south, east, north], digits = 5) {
  const sides = east - west >= 360 ? [-180, 180] : [wrapLon(west), wrapLon(east)];
  const [down, up] = [Math.max(-90, south), Math.min(90, north)];
  return [sides[0], down, sides[1], up].map((degrees) => degrees.toFixed(digits)).join();
}

/** What a map shows, as text. */
export const boxOfMap = (map) => boxText(map.getBounds().toArray().flat());

/** A plain number with its decimal point or comma, and any minus; NaN for other texts. */
export function plainNumber(text) {
  const plain = text.trim().replace(/[\u2010-\u2013\u2212]/u, '-').replace(',', '.');
  return /^[-+]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN;
}

/** {lon, lat} of a text that the server reads as a position; null for any other. */
async function read(q) {
  try {
    const answer = await fetch(`/geo/search?${new URLSearchParams({q})}`);
    const [first] = answer.ok ? (await answer.json()).results : [];
    return first?.is_position ? {lon: first.lon, lat: first.lat} : null;
  } catch (error) {
    console.info('The server does not read positions now.', error);
    return null;
  }
}

/** {lon, lat} of two plain numbers on the map, else null. */
export function plainPosition(latText, lonText) {
  const [lat, lon] = [plainNumber(latText), plainNumber(lonText)];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? {lon, lat} : null;
}

/** {lon, lat} of the texts of two fields, or null. One of them may hold the whole position: the one
    that `changed` last. What is no plain number is read by the server. */
export async function typedPosition(latText, lonText, changed = latText) {
  const plain = plainPosition(latText, lonText);
  if (plain || !changed.trim()) return plain;
  const both = latText.trim() && lonText.trim() ? await read(`${latText}; ${lonText}`) : null;
  return both ?? (Number.isNaN(plainNumber(changed)) ? read(changed) : null);
}
