// Where the reader's map was last, as the search takes it: to a hundredth of a degree.

const VIEW = 'map-view';

/** "latitude, longitude", or '' before a map was looked at. */
export function lastPlace() {
  const [, lat, lon] = (localStorage.getItem(VIEW) ?? '').split('/').map(Number);
  const near = (degrees) => Math.round(degrees * 100) / 100;
  return Number.isFinite(lat) && Number.isFinite(lon) ? `${near(lat)}, ${near(lon)}` : '';
}
