// The style of a city for archives in the OpenMapTiles schema (openmaptiles.org/schema).
// The tables are those of ugc/drawing/openmaptiles.py.

const ROADS = {
  motorway: 'motorway', trunk: 'trunk', primary: 'primary', secondary: 'secondary',
  tertiary: 'tertiary', minor: 'minor', service: 'service', busway: 'service',
  bus_guideway: 'service', raceway: 'service', track: 'track', path: 'path',
  'path/pedestrian': 'pedestrian', 'path/steps': 'steps', 'path/cycleway': 'cycleway',
  'service/parking_aisle': 'aisle', 'service/driveway': 'aisle', 'service/drive-through': 'aisle',
  motorway_construction: 'construction', trunk_construction: 'construction',
  primary_construction: 'construction', secondary_construction: 'construction',
  tertiary_construction: 'construction', minor_construction: 'construction',
};
/** Our layer -> [[theirs, {class or class/subclass: our kind}]]; null takes all as they are. */
export const LAYERS = {
  use: [['landuse', {
    residential: 'residential', suburb: 'residential', quarter: 'residential',
    neighbourhood: 'residential', industrial: 'industrial', quarry: 'industrial',
    military: 'industrial', railway: 'industrial', commercial: 'commercial', retail: 'commercial',
    school: 'school', university: 'school', college: 'school', kindergarten: 'school', hospital: 'hospital',
  }]],
  cover: [['landcover', {
    wood: 'wood', rock: 'rock', ice: 'ice', sand: 'sand', farmland: 'farm', wetland: 'scrub',
    'grass/scrub': 'scrub', 'grass/heath': 'scrub', 'grass/meadow': 'grass', 'grass/grassland': 'grass',
  }]],
  green: [['landcover', {
    grass: 'grass', 'grass/park': 'park', 'grass/golf_course': 'park', 'grass/recreation_ground': 'park',
    'grass/village_green': 'park', 'grass/garden': 'garden', 'grass/scrub': '', 'grass/heath': '',
    'grass/meadow': '', 'grass/grassland': '',
  }], ['landuse', {
    cemetery: 'cemetery', pitch: 'pitch', track: 'pitch', playground: 'play', stadium: 'play',
    zoo: 'park', theme_park: 'park',
  }]],
  water: [['water', null]],
  waterway: [['waterway', {river: 'river', canal: 'river', stream: 'stream', drain: 'stream', ditch: 'stream'}]],
  building: [['building', null]],
  road: [['transportation', ROADS]],
  road_name: [['transportation_name', ROADS]],
  rail: [['transportation', {
    rail: 'rail', 'rail/funicular': 'tram', transit: 'tram', 'transit/light_rail': 'rail',
    'transit/subway': 'rail', aerialway: 'lift', cable_car: 'lift', gondola: 'lift', ferry: 'ferry',
  }]],
  paved: [['transportation', {pier: 'pierline'}]],
  boundary: [['boundary', null]],
  place: [['place', {
    city: 'city', town: 'town', village: 'village', hamlet: 'hamlet', borough: 'suburb', suburb: 'suburb',
    quarter: 'quarter', neighbourhood: 'neighbourhood', isolated_dwelling: 'isolated_dwelling', island: 'island',
  }]],
  label: [['water_name', {lake: 'lake', bay: 'lake'}]],
  poi: [['mountain_peak', {peak: 'peak', volcano: 'peak', saddle: 'saddle'}], ['poi', {
    bus: 'stop', 'bus/bus_station': 'station', railway: 'station', 'railway/tram_stop': 'stop',
    'railway/subway_entrance': 'stop',
  }]],
  address: [['housenumber', null]],
};
const get = (key) => ['get', key];
const SAID = new Map([
  [['has', 'bridge'], ['==', get('brunnel'), 'bridge']],
  [['has', 'tunnel'], ['==', get('brunnel'), 'tunnel']],
  [['has', 'oneway'], ['in', ['coalesce', get('oneway'), 0], ['literal', [1, -1]]]],
  [get('level'), ['coalesce', get('admin_level'), 99]],
  [get('number'), ['to-string', get('housenumber')]],
  // Theirs is the smaller the more people there are.
  [get('population'), ['-', 0, ['coalesce', get('rank'), 99]]],
].map(([ours, theirs]) => [JSON.stringify(ours), theirs]));

const match = (value, pairs, other) => (pairs.length ? ['match', value, ...pairs.flat(), other] : other);

/** Our kind of a feature as an expression, '' for what is not drawn. */
function kindOf(table) {
  if (!table) return ['coalesce', get('class'), ''];
  const pairs = Object.entries(table);
  const finer = ['concat', get('class'), '/', ['coalesce', get('subclass'), get('service'), '']];
  return match(finer, pairs.filter(([name]) => name.includes('/')),
    match(get('class'), pairs.filter(([name]) => !name.includes('/')), ''));
}

function translated(expression, kind) {
  if (!Array.isArray(expression)) return expression;
  const key = JSON.stringify(expression);
  if (key === '["get","kind"]') return kind;
  return SAID.get(key) ?? expression.map((each) => translated(each, kind));
}

const inValues = (values, kind) => (
  Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, translated(value, kind)])));

/** Layers of ours (`cityLayers`) that read tiles in this schema; those that it knows nothing of go. */
export function asOpenMapTiles(layers) {
  return layers.flatMap((layer) => {
    const ours = layer['source-layer'];
    const isNameOfRoad = ours === 'road' && layer.type === 'symbol' && layer.layout['text-field'];
    return (LAYERS[isNameOfRoad ? 'road_name' : ours] ?? []).map(([theirs, table], number) => {
      const kind = kindOf(table);
      const tests = [
        ...(table ? [['!=', kind, '']] : []),
        ...(ours === 'boundary' ? [['!=', ['coalesce', get('maritime'), 0], 1]] : []),
        ...(layer.filter ? [translated(layer.filter, kind)] : []),
      ];
      return {
        ...layer, id: number ? `${layer.id}-${number + 1}` : layer.id, 'source-layer': theirs,
        ...(tests.length && {filter: ['all', ...tests]}),
        layout: inValues(layer.layout, kind), paint: inValues(layer.paint, kind),
      };
    });
  });
}
