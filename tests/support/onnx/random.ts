/** Uniform numbers in [0, 1) from a seed (mulberry32, public domain), the same on every machine. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Arrays of uniform numbers in [-scale, scale). */
export function randomFloats(seed: number): (length: number, scale: number) => Float32Array {
  const next = uniform(seed);
  return (length, scale) => {
    const values = new Float32Array(length);
    for (let index = 0; index < length; index++) values[index] = (next() * 2 - 1) * scale;
    return values;
  };
}
