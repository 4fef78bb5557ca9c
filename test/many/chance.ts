/** Numbers from 0 to 1 that a seed determines, so that what went wrong can be had again (Marsaglia, "Xorshift RNGs", 2003). */
export function chanceOf(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
