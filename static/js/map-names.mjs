// What towns and countries are called on the map: as the reader calls them, else as `own` says.

/** A MapLibre expression. OpenMapTiles calls the names `name:es`, Shortbread and the bundled map `name_es`. */
export const named = (language, own = ['get', 'name']) => (
  ['coalesce', ['get', `name:${language}`], ['get', `name_${language}`], own]);

/** A style of another server with its names in the reader's language, where its tiles have them. */
export function inLanguage(style, language) {
  const layers = style.layers.map((layer) => {
    const field = layer.layout?.['text-field'];
    if (!/\bname/.test(JSON.stringify(field ?? ''))) return layer;
    const own = Array.isArray(field) ? field : ['get', 'name'];
    return {...layer, layout: {...layer.layout, 'text-field': named(language, own)}};
  });
  return {...style, layers};
}
