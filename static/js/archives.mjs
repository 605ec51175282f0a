// Archives of tiles (PMTiles): one file each, read in ranges.

import {PMTiles, Protocol} from 'pmtiles';

const SCHEME = 'pmtiles://';

/** The ranges of a file of this site, each at an address of its own: Chromium's HTTP cache locks an address while an
    answer for it comes, drops other ranges of it that come meanwhile, and asks for them again at the next visit. The
    file's name carries the hash of its content, so all ranges are of one version. */
const rangesOf = (url) => ({
  getKey: () => url,
  async getBytes(offset, length, signal) {
    const range = `${offset}-${offset + length - 1}`;
    const answer = await fetch(`${url}?${range}`, {signal, headers: {Range: `bytes=${range}`}});
    if (!answer.ok) throw new Error(`${answer.status} for bytes ${range} of ${url}`);
    const data = await answer.arrayBuffer();
    if (data.byteLength > length) throw new Error(`More than bytes ${range} of ${url}`);
    return {data};
  },
});

// Deep zooms exist only in part: a `sparse` source takes a tile that answers 404 from the nearest one
// above it. An error without that status would leave the sea there.
const archives = new Protocol({errorOnMissingTile: true});

/** Answers MapLibre's `request` for the description of an archive or for one of its tiles. */
export async function tileOfArchive(request, abort) {
  const url = request.url.slice(SCHEME.length);
  const isDescription = request.type === 'json';
  if (isDescription && !archives.get(url) && new URL(url, location).origin === location.origin) {
    archives.add(new PMTiles(rangesOf(url)));
  }
  const answer = await archives.tile(request, abort);
  if (isDescription) answer.data.sparse = true;
  return answer;
}
