// Photos that the shopper has shown, for as long as this page is open: they are neither stored nor put into the address.

const PHOTOS_MAX = 10;

const photos = new Map();
let last = 0;

/** Takes what `shrink` made; the history entry remembers the `id`. */
export function keep({ blob, width, height }) {
  last += 1;
  const photo = { id: `${performance.timeOrigin}-${last}`, blob, width, height, url: URL.createObjectURL(blob) };
  photos.set(photo.id, photo);
  if (photos.size > PHOTOS_MAX) drop(photos.values().next().value);
  return photo;
}

export function kept(id) {
  return photos.get(id) ?? null;
}

function drop(photo) {
  photos.delete(photo.id);
  URL.revokeObjectURL(photo.url);
}
