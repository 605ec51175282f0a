// MapLibre's style sheet without the rules of controls that no page shows: nine tenths of it.

// Of the controls that are shown, the compass of NavigationControl is left out too (map-core.mjs).
const UNUSED = /maplibregl-(ctrl-(compass|fullscreen|geolocate|globe|logo|shrink|terrain)|user-location|cooperative-gesture|spin)/;

/** The style sheet `css` (minified, without strings that hold braces) without selectors of UNUSED, and without rules and
    keyframes that are left with none. */
export function usedRules(css) {
  return css
    .replace(/@(-webkit-)?keyframes [^{}]*\{(?:[^{}]*\{[^{}]*\})*\}/g, (whole) => (UNUSED.test(whole) ? '' : whole))
    .replace(/([^{}@;]+)\{([^{}]*)\}/g, (_, selectors, declarations) => {
      const kept = selectors.split(',').filter((each) => !UNUSED.test(each));
      return kept.length ? `${kept.join()}{${declarations}}` : '';
    })
    .replace(/@media[^{}]*\{\}/g, '');
}
