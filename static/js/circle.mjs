// A circle on the map, as a polygon.

const METRES_A_DEGREE = 111_320;

/** The area that a position may be in: a polygon of `accuracy` metres round it. */
export function circle({longitude, latitude, accuracy}) {
  const ring = Array.from({length: 49}, (_, step) => {
    const angle = (step / 48) * 2 * Math.PI;
    const north = (Math.sin(angle) * accuracy) / METRES_A_DEGREE;
    const east = (Math.cos(angle) * accuracy)
      / (METRES_A_DEGREE * Math.cos((latitude * Math.PI) / 180));
    return [longitude + east, latitude + north];
  });
  return {type: 'Feature', properties: {}, geometry: {type: 'Polygon', coordinates: [ring]}};
}
