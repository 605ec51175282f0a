// Writes a PMTiles v3 archive (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).

import zlib from 'node:zlib';

const HEADER_BYTES = 127;
const ROOT_BYTES = 16384; // header and root directory must fit into the first 16 KiB
const LEAF_ENTRIES = 2048;
const GZIP = 2;
const MVT = 1;

/** The tile's number along the Hilbert curve, counted over all zooms before it. */
export function tileId(z, x, y) {
  let before = 0;
  for (let zoom = 0; zoom < z; zoom += 1) before += 4 ** zoom;
  let distance = 0;
  let [a, b] = [x, y];
  for (let side = 2 ** z / 2; side >= 1; side /= 2) {
    const right = (a & side) > 0 ? 1 : 0;
    const down = (b & side) > 0 ? 1 : 0;
    distance += side * side * ((3 * right) ^ down);
    if (down === 0) {
      if (right === 1) [a, b] = [side - 1 - (a & (side - 1)), side - 1 - (b & (side - 1))];
      [a, b] = [b, a];
    }
  }
  return before + distance;
}

function varint(bytes, value) {
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function directory(entries) {
  const bytes = [];
  varint(bytes, entries.length);
  let previous = 0;
  for (const {id} of entries) {
    varint(bytes, id - previous);
    previous = id;
  }
  for (const {run} of entries) varint(bytes, run);
  for (const {length} of entries) varint(bytes, length);
  entries.forEach(({offset}, i) => {
    const last = entries[i - 1];
    const follows = last && offset === last.offset + last.length;
    varint(bytes, follows ? 0 : offset + 1);
  });
  return zlib.gzipSync(Buffer.from(bytes), {level: 9});
}

function directories(entries) {
  const root = directory(entries);
  if (root.length <= ROOT_BYTES - HEADER_BYTES) return {root, leaves: Buffer.alloc(0)};
  const leaves = [];
  const pointers = [];
  let offset = 0;
  for (let i = 0; i < entries.length; i += LEAF_ENTRIES) {
    const leaf = directory(entries.slice(i, i + LEAF_ENTRIES));
    pointers.push({id: entries[i].id, run: 0, offset, length: leaf.length});
    leaves.push(leaf);
    offset += leaf.length;
  }
  return {root: directory(pointers), leaves: Buffer.concat(leaves)};
}

/**
 * The archive as a Buffer. Equal tiles are stored once.
 * @param {{z: number, x: number, y: number, data: Uint8Array}[]} tiles uncompressed MVT
 * @param {{maxZoom: number, metadata: object}} options
 */
export function pmtiles(tiles, {maxZoom, metadata}) {
  const stored = new Map();
  const blobs = [];
  let size = 0;
  const placed = tiles.map(({z, x, y, data}) => {
    const blob = zlib.gzipSync(data, {level: 9});
    const key = blob.toString('latin1');
    if (!stored.has(key)) {
      stored.set(key, {offset: size, length: blob.length});
      blobs.push(blob);
      size += blob.length;
    }
    return {id: tileId(z, x, y), ...stored.get(key)};
  }).sort((a, b) => a.id - b.id);

  const entries = [];
  for (const tile of placed) {
    const last = entries.at(-1);
    if (last && last.offset === tile.offset && last.id + last.run === tile.id) last.run += 1;
    else entries.push({...tile, run: 1});
  }
  const {root, leaves} = directories(entries);
  const meta = zlib.gzipSync(JSON.stringify(metadata));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('PMTiles');
  header[7] = 3;
  const rootAt = HEADER_BYTES;
  const metaAt = rootAt + root.length;
  const leavesAt = metaAt + meta.length;
  const dataAt = leavesAt + leaves.length;
  [rootAt, root.length, metaAt, meta.length, leavesAt, leaves.length, dataAt, size,
    placed.length, entries.length, stored.size].forEach((value, i) => {
    header.writeBigUInt64LE(BigInt(value), 8 + i * 8);
  });
  header[96] = 1; // clustered
  header[97] = GZIP; // directories
  header[98] = GZIP; // tiles
  header[99] = MVT;
  header[101] = maxZoom;
  [-180, -85.05, 180, 85.05].forEach((degrees, i) => {
    header.writeInt32LE(Math.round(degrees * 1e7), 102 + i * 4);
  });
  return Buffer.concat([header, root, meta, leaves, ...blobs]);
}
