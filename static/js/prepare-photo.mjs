// A photo before it is stored or sent: where it was taken is read from it, then everything but its
// pixels is dropped. In pages and in the service worker alike. The site cleans again.

const LONGEST = 2048; // pixels; the site keeps 1920
const QUALITY = 0.88;

/** {lat, lon} in degrees from the photo's own metadata, or null. */
async function positionOf(file, gps) {
  try {
    const found = await gps(file);
    const {latitude: lat, longitude: lon} = found ?? {};
    return Number.isFinite(lat) && Number.isFinite(lon) && (lat || lon) ? {lat, lon} : null;
  } catch (error) {
    console.info('This photo does not say where it was taken.', error);
    return null;
  }
}

/** The pixels alone, upright, as PNG when it was one, else as JPEG; null when this browser
    cannot read it. */
async function pixelsOf(file) {
  try {
    const bitmap = await createImageBitmap(file, {imageOrientation: 'from-image'});
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const type = file.type === 'image/png' ? 'image/png' : 'image/jpeg';
    return await canvas.convertToBlob({type, quality: QUALITY});
  } catch (error) {
    console.info('This photo is sent as it is; the site takes its metadata out.', error);
    return null;
  }
}

/**
 * @param {File} file
 * @param {(file: File) => Promise<{latitude: number, longitude: number}>} gps exifr's reader, which
 *   pages load only when a photo comes
 * @returns {Promise<{photo: {buffer: ArrayBuffer, type: string, name: string, text: string},
 *   position: {lat: number, lon: number} | null}>} degrees. The name says nothing of the file's.
 */
export async function preparePhoto(file, gps) {
  const position = await positionOf(file, gps);
  const content = await pixelsOf(file) ?? file;
  const ending = {'image/png': 'png', 'image/webp': 'webp'}[content.type] ?? 'jpg';
  return {
    photo: {
      buffer: await content.arrayBuffer(), type: content.type || 'image/jpeg',
      name: `photo.${ending}`, text: '',
    },
    position,
  };
}
