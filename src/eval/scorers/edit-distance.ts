/**
 * The Levenshtein distance of two texts that are split into code points: how many of them must be inserted, deleted
 * or replaced to turn one text into the other. Each step does 32 rows of the matrix at once, with the bit vectors of
 * Myers (Journal of the ACM 46, 1999) in blocks that pass on what happens at their edges, as Hyyrö describes them
 * (Technical Report A-2003-1, University of Tampere). The matrix is never kept, only one column of it.
 */
export function editDistance(pair: readonly [readonly string[], readonly string[]]): number {
  const [rows, columns] = pair[0].length < pair[1].length ? pair : [pair[1], pair[0]];
  if (rows.length === 0) return columns.length;
  const blocks = Math.ceil(rows.length / 32);
  const places = placesOf(rows, blocks);
  const nowhere = new Int32Array(blocks);
  // One bit per row: whether the distance rises, or falls, from the row above to this one.
  const rises = new Int32Array(blocks).fill(-1);
  const falls = new Int32Array(blocks);
  const lastRow = 1 << ((rows.length - 1) & 31);
  let distance = rows.length;
  for (const column of columns) {
    const found = places.get(column) ?? nowhere;
    // How the distance changes from the column before to this one, in the row above a block: first, by 1.
    let edge = 1;
    for (let block = 0; block < blocks; block++) {
      const equal = found[block] ?? 0;
      const rise = rises[block] ?? 0;
      const fall = falls[block] ?? 0;
      const stays = equal | fall;
      const equalOrEdge = edge < 0 ? equal | 1 : equal;
      const diagonal = ((((equalOrEdge & rise) + rise) | 0) ^ rise) | equalOrEdge;
      const more = fall | ~(diagonal | rise);
      const less = rise & diagonal;
      const moreBelow = (more << 1) | (edge > 0 ? 1 : 0);
      const lessBelow = (less << 1) | (edge < 0 ? 1 : 0);
      rises[block] = lessBelow | ~(stays | moreBelow);
      falls[block] = moreBelow & stays;
      const bottom = block === blocks - 1 ? lastRow : 1 << 31;
      edge = (more & bottom) !== 0 ? 1 : (less & bottom) !== 0 ? -1 : 0;
    }
    distance += edge;
  }
  return distance;
}

/** For each code point the rows that it stands in, one bit per row. */
function placesOf(rows: readonly string[], blocks: number): ReadonlyMap<string, Int32Array> {
  const places = new Map<string, Int32Array>();
  rows.forEach((codePoint, row) => {
    const bits = places.get(codePoint) ?? new Int32Array(blocks);
    bits[row >> 5] = (bits[row >> 5] ?? 0) | (1 << (row & 31));
    places.set(codePoint, bits);
  });
  return places;
}
